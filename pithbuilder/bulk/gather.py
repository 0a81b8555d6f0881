"""Gathering paper metadata: from files and directories, completed and chosen from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from pithbuilder.core.arxiv_id import without_subject_class
from pithbuilder.errors import SourceError, StoreError
from pithbuilder.sources.incomplete import complete
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import SourcePaper, located
from pithbuilder.stores.paper_index import PaperIndex
from pithbuilder.stores.source_files import open_sources

WantedVersion = tuple[str, int | None]
"""An identifier without a version, and a version; None for whichever the source has."""


def gather_papers(
    paths: Iterable[Path], *, complete_from: Collection[Path] = (), wanted: Collection[WantedVersion] = ()
) -> Iterator[SourcePaper]:
    """Yield the records of sources; what cannot be used is among them and does not stop the others.

    Args:
        paths: Files, directories, ``-`` for standard input; each told apart by its content.
        complete_from: Where records that do not tell all are completed from. Read first, and as a whole.
        wanted: The papers to yield; all of them where it is empty. What is wanted and not there is an error at the end.

    Raises:
        StoreError: ``write-failed``; the temporary directory is full.
    """
    papers = _read_all(paths)
    if complete_from:
        papers = completed(papers, _read_all(complete_from))
    return _chosen(papers, wanted) if wanted else papers


def _read_all(paths: Iterable[Path]) -> Iterator[SourcePaper]:
    for name, stream in open_sources(paths):
        if isinstance(stream, StoreError):
            yield SourcePaper(name, error=located(stream, ""))
        else:
            yield from read_papers(stream, name)


def completed(papers: Iterable[SourcePaper], others: Iterable[SourcePaper]) -> Iterator[SourcePaper]:
    """Yield papers, those that do not tell all completed from others; then what could not be read of the others.

    Args:
        papers: Records of any source.
        others: Records of sources that are to complete them; all of them are read first.
    """
    with PaperIndex() as index:
        for item in others:
            if item.paper is not None:
                index.add(item.paper, item.revised_at)
            elif item.error is not None and item.partial is None:
                yield item
        for item in papers:
            if item.partial is None:
                yield item
                continue
            found = index.find(item.partial.arxiv_id, item.partial.version)
            whole = complete(item.partial, found.paper, found.revised_at, item.place, disputed=found.disputed)
            yield whole._replace(origin=item.origin)


def _chosen(papers: Iterable[SourcePaper], wanted: Collection[WantedVersion]) -> Iterator[SourcePaper]:
    """Yield the wanted papers, and every record of which it cannot be said which paper it is."""
    wanted = dict.fromkeys(wanted)
    found: dict[str, set[int | None]] = {arxiv_id: set() for arxiv_id, _ in wanted}
    for item in papers:
        arxiv_id, version = _paper_of(item)
        if not arxiv_id and item.error is not None:
            yield item
        elif arxiv_id in found:
            found[arxiv_id].add(version)
            if (arxiv_id, None) in wanted or (arxiv_id, version) in wanted or version is None:
                yield item
    for arxiv_id, version in wanted:
        there = found[arxiv_id]
        if not there:
            error = SourceError(
                "paper-not-there",
                "the sources do not have the paper",
                where=f"paper {arxiv_id}",
                expected="a paper that is there",
            )
            yield SourcePaper(error.where, error=error)
        elif version is not None and not there & {version, None}:
            error = SourceError(
                "version-not-there",
                "the sources do not have the text of this version",
                where=f"paper {arxiv_id}v{version}",
                expected=f"version {version}",
                found="version " + ", ".join(str(other) for other in sorted(filter(None, there))),
                hint="a snapshot and OAI-PMH have each paper's newest version only",
            )
            yield SourcePaper(error.where, error=error)


def _paper_of(item: SourcePaper) -> WantedVersion:
    if item.paper is not None:
        return item.paper.arxiv_id, item.paper.version
    if item.partial is not None:
        return item.partial.arxiv_id, item.partial.version
    return item.deleted_id or without_subject_class(item.refused_id), None
