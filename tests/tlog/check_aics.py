"""Checks a log folder with PyPI's `aics-tlog` alone: nothing of Interlock is in it.

    check_aics.py DIR VKEY_FILE

The checkpoint is verified with the key, every tile and every entry against it. Exit status 0 says that all of it holds.
"""
import sys
from pathlib import Path

from aics_tlog.checkpoint import verify_checkpoint
from aics_tlog.note import parse_note, read_vkey_file
from aics_tlog.tiles import FileSystemTileReader
from aics_tlog.verified import audit_tiles


def main(folder: str, vkey_file: str) -> int:
    try:
        key = read_vkey_file(Path(vkey_file).read_text(encoding="utf-8"))
        note = parse_note((Path(folder) / "checkpoint").read_bytes())
        head = verify_checkpoint(note, key, expected_origin=key.name)
        if not head.ok:
            raise ValueError(head.error)
        report = audit_tiles(FileSystemTileReader(folder), head.size, head.root)
    except (OSError, ValueError) as error:
        print(f"not verified: {error}")
        return 2
    print(f"verified: {report.size} entries, {report.tiles} tiles, {report.bundles} bundles")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: check_aics.py DIR VKEY_FILE")
    sys.exit(main(sys.argv[1], sys.argv[2]))
