"""``pithbuilder event sign`` and ``accept``: how an event gets from its signer to whoever signs the bundle."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.extend import load_bundle_to_sign, read_arriving
from pithbuilder.cli.event_commands.adding import bundle_argument, extending, report
from pithbuilder.cli.event_commands.payloads import EventDraft, family_commands, linked, payload_of
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    keyring_option,
    passphrase_file_option,
    trust_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json
from pithbuilder.cli.passphrase import key_access
from pithbuilder.cli.times import clock_at
from pithbuilder.custody.signers import open_signer
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.errors import EventError
from pithbuilder.issuing.events import EventIssuer
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.stores.key_files import naming, pinned_keyring
from pithbuilder.stores.workspace import Workspace


@click.group("sign", context_settings=CONTEXT_SETTINGS)
def sign() -> None:
    """Sign an event for a bundle that somebody else signs.

    The signed event goes to standard output, together with the key, as one JSON object: hand it to the registry,
    which takes it in with 'pithbuilder event accept'. BUNDLE is only read; of an invalid one nothing is signed.
    """


def _sign(
    draft: EventDraft,
    *,
    bundle_path: Path,
    workspace: Path,
    clock: datetime | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    passphrase_file: Path | None,
) -> None:
    opened, chosen = Workspace.open(workspace), clock_at(clock)
    place = BundlePlace.of(bundle_path)
    bundle = load_bundle_to_sign(place.read(), pinned_keyring(*trust, followed=keyrings), str(bundle_path))
    draft = linked(draft, bundle)
    payload = payload_of(draft, bundle, opened.profile.builder_version)
    active = opened.signing_key(opened.keys.load_chain(), chosen)
    with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
        at = chosen.now()
        if payload is None:
            payload = Issuer(opened.profile, signer, chosen, key_document=active.entry.key).record_created(bundle, at)
        events = EventIssuer(signer, signer_id=opened.profile.signer_id, signer_type=opened.profile.signer_type)
        event = events.sign_event(
            draft.event_type,
            payload,
            pith_number=bundle.content.pith_number,
            at=at,
            supersedes=draft.supersedes,
            prev_event=draft.prev_event,
        )
    print_json(DetachedEvent(event=event, public_key=active.entry.key).to_dict())


for _made in family_commands(
    [bundle_argument, workspace_option, clock_option, trust_option, keyring_option, passphrase_file_option],
    _sign,
    "Sign an event",
):
    sign.add_command(_made)


@click.command("accept", context_settings=CONTEXT_SETTINGS)
@bundle_argument
@click.argument(
    "arriving",
    metavar="EVENT...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@workspace_option
@clock_option
@trust_option
@keyring_option
@passphrase_file_option
@json_option
def accept(
    bundle_path: Path,
    arriving: tuple[Path, ...],
    workspace: Path,
    clock: datetime | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Take events that others have signed into a bundle.

    EVENT is what 'pithbuilder event sign' has printed, or another bundle of the same number: then its events are
    taken that are not there yet. All of them go in, or none.
    """
    with extending(bundle_path, workspace, clock, trust, keyrings, passphrase_file) as (extender, place, bundle):
        events = [event for path in arriving for event in _read(path)]
        if not events:
            raise EventError("event-none", "there is no event in these files", where=str(arriving[0]))
        extended = extender.accept(place, bundle, events)
    report(extended, as_json)


def _read(path: Path) -> list[DetachedEvent]:
    with naming(path):
        return read_arriving(BundlePlace(path, None).read(), str(path))
