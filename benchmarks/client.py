"""Milliseconds in a real Chromium: check the key, build the tables, seal a ballot; and whether the page stays awake.

`python -m benchmarks.client [--bits 3072] [--options 10] [--ranked 8] [--ballots 7]`. The committed worker runs on a
page that this program serves under a strict Content-Security-Policy, as on the site. The clock is the wall's: what else
runs counts.
"""

import argparse
import os
import shutil
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page, sync_playwright

from benchmarks.membership import machine
from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.leaf import Kind, body_digest
from protocol.manifest import Question
from protocol.public_terms import make_public_terms
from protocol.ranking import ranking_values
from protocol.records import Freeze, freeze_message
from protocol.roll import RollEntry, make_roll
from protocol.terms import assemble_terms
from tests.support.elections import choose_one, make_manifest, ranking, trustee_key, voter_key
from tests.support.keys import load_test_key

WORKER = Path(__file__).parent.parent / "web/static/client/ballot.worker.js"
POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'"
WEIGHT = 5000
"""Of the whole roll: an ordinary slot of 14 bits."""

# Looks at the worker as the booth does, and counts how long the page waits for each picture meanwhile.
SCRIPT = """
window.measure = async (terms, election, answers, ballots) => {
  const gaps = []
  let last = performance.now(), watching = true
  const watch = (now) => { gaps.push(now - last); last = now; if (watching) requestAnimationFrame(watch) }
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(watch) })
  const worker = new Worker("/ballot.worker.js")
  let firstProgress = null
  const ask = (message, kind) => new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message))
    worker.onmessage = ({ data }) => {
      if (data.kind === "progress") firstProgress ??= performance.now()
      if (data.kind === "failed") reject(new Error(data.code + ": " + data.message))
      if (data.kind === kind) resolve(data)
    }
    worker.postMessage(message)
  })
  const start = performance.now()
  await ask({ kind: "prepare", terms, election }, "prepared")
  const prepared = performance.now()
  const seals = []
  for (let job = 1; job <= ballots; job++) {
    const since = performance.now()
    const credential = new Uint8Array(32), credentialSeed = crypto.getRandomValues(new Uint8Array(32))
    await ask({ kind: "seal", job, answers, credential, credentialSeed, sequence: job }, "sealed")
    seals.push(performance.now() - since)
  }
  watching = false
  return { key: firstProgress - start, tables: prepared - firstProgress, seals, gaps }
}
"""
PAGE = '<!doctype html><meta charset="utf-8"><title>Benchmark</title><script src="/page.js"></script>'


def make_terms(bits: int, question: Question) -> tuple[str, str]:
    """(answer of `GET …/terms`, election) for one question."""
    name, trustees = {2048: ("threshold-2of3-2048", 3), 3072: ("threshold-2of3-3072", 3)}[bits]
    record, _ = load_test_key(name)
    manifest = make_manifest((question,), trustees=trustees)
    manifest = msgspec.structs.replace(manifest, bits=bits)
    bodies = (
        encode_canonical(manifest),
        make_ceremony_body(manifest.election, record, manifest.size, bytes(32)),
        make_roll(manifest.election, [(voter_key(1).public_key, RollEntry(weight=WEIGHT, area="all"))]),
    )
    terms, _ = assemble_terms(*bodies)
    message = freeze_message(terms.election, terms.fingerprint)
    freeze = Freeze(
        election=terms.election,
        fingerprint=terms.fingerprint_text,
        format="psephos/freeze/v1",
        signatures=tuple(
            encode_base64url(trustee_key(number).sign(message)) for number in range(1, trustees + 1)
        ),
    )
    digest = body_digest(Kind.ROLL, bodies[2])
    answer = make_public_terms(bodies[0], bodies[1], digest, encode_canonical(freeze), terms.total_weight)
    return answer.decode(), terms.election


class Handler(BaseHTTPRequestHandler):
    """Three files, one policy."""

    def do_GET(self) -> None:
        """Answer with the page, its script or the worker."""
        contents = {
            "/": ("text/html", PAGE.encode()),
            "/page.js": ("text/javascript", SCRIPT.encode()),
            "/ballot.worker.js": ("text/javascript", WORKER.read_bytes()),
        }
        media_type, content = contents.get(self.path, ("text/plain", b""))
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the table."""


@contextmanager
def browser_page() -> Iterator[Page]:
    """The page in a headless Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-headless-shell")
    if program is None:
        raise SystemExit("The benchmark needs Chromium: apt install chromium")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        print(f"Chromium {browser.version}; {machine()}")
        yield page
        browser.close()
    server.shutdown()


def measure(page: Page, bits: int, question: Question, answer: list[int], ballots: int) -> dict[str, float]:
    """Milliseconds under their names."""
    terms, election = make_terms(bits, question)
    answers = [answer]
    found: dict[str, Any] = page.evaluate(
        "(given) => window.measure(...given)", [terms, election, answers, ballots]
    )
    return {
        "check the key": found["key"],
        "build the tables": found["tables"],
        "encrypt and prove, median": statistics.median(found["seals"]),
        "encrypt and prove, slowest": max(found["seals"]),
        "longest wait of the page for a picture": max(found["gaps"]),
    }


def cases(options: int, ranked: int) -> Iterator[tuple[str, Question, list[int]]]:
    """(title, question, answer): a choice among slots, the blank one included, and a ranking."""
    yield f"choose 1 of {options}", choose_one(options - 1), [1, *[0] * (options - 1)]
    yield f"rank {ranked}", ranking(ranked), list(ranking_values(range(1, ranked + 1)))


def main(arguments: list[str]) -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bits", type=int, choices=(2048, 3072), help="one size only")
    parser.add_argument(
        "--options", type=int, default=10, help="slots of the question, the blank one included"
    )
    parser.add_argument("--ranked", type=int, default=8, help="options of the ranking")
    parser.add_argument("--ballots", type=int, default=7)
    chosen = parser.parse_args(arguments)
    with browser_page() as page:
        for bits in (chosen.bits,) if chosen.bits else (2048, 3072):
            for title, question, answer in cases(chosen.options, chosen.ranked):
                print(f"{title}, {bits} bits")
                for name, figure in measure(page, bits, question, answer, chosen.ballots).items():
                    print(f"  {name:40}{figure:9.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
