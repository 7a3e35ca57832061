#!/usr/bin/env python3
"""Checks an exported gate log without gate.   usage: verify.py LOG.jsonl [ROOT]

Each line is an entry's exact bytes (RFC 8785). leaf = SHA-256(0x00 || bytes); `prev` is the leaf before; over the
leaves stands a Merkle tree (RFC 6962). Prints size, head and root; with ROOT, compares it to one you were given.
Exit: 0 in order, 10 tampered, 11 could not run.
"""
import hashlib
import json
import sys


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def main(path, wanted=None):
    head, frontier, size, log = bytes(32), [], 0, None  # frontier: roots of the perfect subtrees, largest first
    with open(path, "rb") as lines:
        for line in lines:
            raw = line.rstrip(b"\n")
            try:
                entry = json.loads(raw)
                found = {"seq": entry["seq"], "prev": entry["prev"], "log": entry["log"]}
            except (ValueError, KeyError, TypeError) as error:
                return f"entry {size + 1}: not an entry ({error})"
            log = log or found["log"]
            expected = {"seq": size + 1, "prev": head.hex(), "log": log}
            for name, value in expected.items():
                if found[name] != value:
                    return f"entry {size + 1}: {name}: expected {value}, found {found[name]}"
            head = node = sha(b"\0", raw)
            bits = size
            while bits & 1:
                node, bits = sha(b"\1", frontier.pop(), node), bits >> 1
            frontier.append(node)
            size += 1
    root = frontier.pop() if frontier else sha()
    while frontier:
        root = sha(b"\1", frontier.pop(), root)
    print(f"{size} entries\nhead {head.hex()}\nroot {root.hex()}")
    return None if wanted in (None, root.hex()) else f"root: expected {wanted}, found {root.hex()}"


if __name__ == "__main__":
    try:
        wrong = main(*sys.argv[1:])
    except (OSError, TypeError) as error:
        sys.exit(print(error, file=sys.stderr) or 11)
    sys.exit(print("tampered:", wrong, file=sys.stderr) or 10 if wrong else 0)
