"""Reads JSON texts, one a line in hexadecimal, as Python does; prints each value in the form of three_parsers.rs."""
import json
import struct
import sys


class Members(list):
    """An object as its list of members, so that a repeated name is seen."""


def string(text):
    return "s" + ".".join(f"{ord(c):x}" for c in text) + ";"


def dump(value):
    if value is None:
        return "n"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int) and abs(value) >= 2**53:
        return f"i{value};"
    if isinstance(value, (int, float)):
        return "d" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Members):
        return "{" + "".join(k + v for k, v in sorted((string(k), dump(v)) for k, v in value)) + "}"
    return "[" + "".join(map(dump, value)) + "]"


for line in sys.stdin:
    try:
        print(dump(json.loads(bytes.fromhex(line.strip()), object_pairs_hook=Members)))
    except (ValueError, OverflowError, RecursionError):
        print("!")
