"""The mutants: every kind of rule that the product has, broken once at least."""

from __future__ import annotations

from typing import Final

from tests.support.mutant_table_core import CORE_MUTANTS
from tests.support.mutant_table_documents import DOCUMENT_MUTANTS
from tests.support.mutant_table_merge import MERGE_MUTANTS
from tests.support.mutant_table_sources import SOURCE_MUTANTS
from tests.support.mutant_table_trees import TREE_MUTANTS
from tests.support.mutant_table_verify import VERIFY_MUTANTS

MUTANTS: Final = (
    *CORE_MUTANTS,
    *DOCUMENT_MUTANTS,
    *SOURCE_MUTANTS,
    *MERGE_MUTANTS,
    *VERIFY_MUTANTS,
    *TREE_MUTANTS,
)
