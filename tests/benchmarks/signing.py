"""How long a signature takes through each back end, as a multiple of the bare library. Run by hand.

The raw library is `cryptography` signing the same 32 bytes; LocalSigner, unchecked, is wanted at
most at 1.1; checking by a copy adds one more signature, so it cannot be much below 2. Two figures each:
the time that passes, which for agent, token and program is mostly theirs, and this process's own processor time.

Usage: python tests/benchmarks/signing.py [--rounds N] [--signatures N]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from measure import format_table, median_ratio

sys.path.insert(0, str(Path(__file__).parents[2]))

from pithbuilder.documents.preimage import Preimage
from pithbuilder.signing.backends.external import ExternalSigner
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.backends.pkcs11 import Pkcs11Signer
from pithbuilder.signing.backends.sodium import SodiumSigner, sodium_is_installed
from pithbuilder.signing.backends.ssh_agent import AgentSigner
from pithbuilder.signing.checked import CheckedSigner
from pithbuilder.signing.signer import ClosableSigner
from tests.support import signers as real

RAW = "cryptography, raw"


@contextlib.contextmanager
def open_signers() -> Iterator[dict[str, ClosableSigner]]:
    """Open every back end that this machine has."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        local = LocalSigner("k", real.KEY)
        opened: dict[str, ClosableSigner] = {
            "file": local,
            "file, checked by verifying": CheckedSigner(local),
            "file, checked against a copy": CheckedSigner(local, against=LocalSigner("k", real.KEY)),
        }
        if sodium_is_installed():
            sodium = SodiumSigner("k", real.KEY)
            opened["sodium"] = sodium
            opened["sodium, checked by verifying"] = CheckedSigner(sodium)
            opened["sodium, checked against a copy"] = CheckedSigner(sodium, against=LocalSigner("k", real.KEY))
        pem = real.write_pem_key(directory / "pem")
        opened["exec"] = ExternalSigner.open("k", (sys.executable, str(real.EXAMPLE), str(pem)))
        if not real.missing_for("ssh-agent"):
            agent = stack.enter_context(real.running_agent())
            fingerprint = agent.add(real.write_openssh_key(directory / "openssh"))
            opened["ssh-agent"] = AgentSigner.open("k", fingerprint, agent.socket)
        if not real.missing_for("pkcs11"):
            opened["pkcs11 (SoftHSM2)"] = Pkcs11Signer.open("k", real.token_reference(), real.PIN)
        for name in ("exec", "ssh-agent", "pkcs11 (SoftHSM2)"):
            if name in opened:
                stack.callback(opened[name].close)
                opened[f"{name}, checked"] = CheckedSigner(opened[name])
        yield opened


def take_turns(
    contenders: dict[str, Callable[[Preimage], object]], rounds: int, signatures: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return seconds on the clock and on the processor, one figure a round; the order turns from round to round."""
    names = list(contenders)
    clock: dict[str, list[float]] = {name: [] for name in names}
    processor: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        preimages = [real.preimage(number * signatures + one) for one in range(signatures)]
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            sign = contenders[name]
            begin, begin_processor = time.perf_counter(), time.process_time()
            for preimage in preimages:
                sign(preimage)
            spent_processor, spent = time.process_time() - begin_processor, time.perf_counter() - begin
            if number >= 0:
                clock[name].append(spent)
                processor[name].append(spent_processor)
    return clock, processor


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure signatures through each back end.")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--signatures", type=int, default=100, help="how many in each round")
    arguments = parser.parse_args()
    raw = Ed25519PrivateKey.from_private_bytes(real.SEED).sign
    with open_signers() as opened:
        contenders: dict[str, Callable[[Preimage], object]] = {RAW: lambda preimage: raw(preimage.digest)}
        contenders.update({name: signer.sign for name, signer in opened.items()})
        clock, processor = take_turns(contenders, arguments.rounds, arguments.signatures)
    rows = [
        (
            name,
            f"{median(spent) / arguments.signatures * 1e6:.1f}",
            f"{median_ratio(clock, name, RAW):.2f}",
            f"{median_ratio(processor, name, RAW):.2f}",
        )
        for name, spent in clock.items()
    ]
    print(format_table(("back end", "µs per signature", "× raw, clock", "× raw, processor"), rows), end="\n\n")
    print(
        json.dumps(
            {
                "benchmark": "signing",
                "ratio_file_unchecked": round(median_ratio(processor, "file", RAW), 3),
                "ratio_file_checked": round(median_ratio(processor, "file, checked against a copy", RAW), 3),
                "ratios": {name: round(median_ratio(clock, name, RAW), 3) for name in clock if name != RAW},
                "rounds": arguments.rounds,
            }
        )
    )


if __name__ == "__main__":
    main()
