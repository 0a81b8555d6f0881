"""Random histories for hypothesis: most events name earlier ones of their own signer, some name what they may not."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.support.merge_oracle import Draft, name_of

TYPES = ["record_created", "graph_snapshot", "author_attestation", "correction", "made_up_in_2050"]
MISSING = name_of("nobody has seen this event")


@st.composite
def graphs(draw: st.DrawFn, most: int = 10) -> list[Draft]:
    count = draw(st.integers(1, most))
    signers = [draw(st.sampled_from("aab")) for _ in range(count)]
    drafts = []
    for index in range(count):
        anything = [*map(name_of, range(count)), MISSING]
        earlier = [name_of(other) for other in range(index)] or [MISSING]
        own = [name_of(other) for other in range(index) if signers[other] == signers[index]] or earlier
        misfit = draw(st.integers(0, 5)) == 0
        event_type = draw(st.sampled_from(TYPES))
        drafts.append(
            Draft(
                event_id=name_of(index),
                event_type=event_type,
                target=draw(st.sampled_from(["graph", "record"])),
                signer_id=signers[index],
                created_at=f"2026-05-18T00:00:0{draw(st.integers(0, 9))}Z",
                prev_event=draw(st.none() | st.sampled_from(anything if misfit else earlier)),
                supersedes=tuple(draw(st.lists(st.sampled_from(anything if misfit else own), max_size=2))),
                copies=draw(st.sampled_from([(None,)] * 6 + [("signature",), ("event-id", None), (None, None)])),
            )
        )
    return drafts
