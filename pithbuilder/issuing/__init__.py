"""Floor 4: from paper metadata, a clock and a signer to record, receipt, events and bundle."""
