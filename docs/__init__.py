"""What the formats and codes are, as shipped with the package: Markdown, for people and for what explains fixtures."""
