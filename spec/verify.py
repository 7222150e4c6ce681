#!/usr/bin/env python3
"""Verifies Interlock's logs, receipts and golden vectors: a second verifier, which shares no code with the first.

    verify.py log DIR [--vkey FILE] [--origin NAME]
    verify.py records DIR [--vkey FILE] [--origin NAME]
    verify.py receipt FILE --vkey FILE [--record FILE]
    verify.py promise FILE --vkey FILE [--record FILE]
    verify.py vectors DIR

`log` asks of each entry that it is a record, `records` that it is one of the types of its log: that governance accepts it,
or that it follows in the lineage of its node and its execution. Every command takes `--json`. Exit codes: 0 verified, 2 not verified, 64 wrong usage. It needs Python 3.8 or later and
nothing else: Ed25519 (RFC 8032) is below, in some forty lines, slow and plain. The formats are those of the other
files in this folder.
"""
import base64
import binascii
import hashlib
import json
import os
import re
import sys

INTEGER_MAX = 2**53 - 1
JSON_BYTES_MAX = 16 * 1024 * 1024
JSON_DEPTH_MAX = 32
JSON_VALUES_MAX = 262144
RECORD_BYTES_MAX = 65535
RECORD_TYPE_BYTES_MAX = 64
TILE_WIDTH = 256
NOTE_BYTES_MAX = 256 * 1024
NOTE_SIGNATURES_MAX = 64
PROOF_HASHES_MAX = 65
PROMISE_ENTRIES_MAX = 65536
RECEIPT_BYTES_MAX = NOTE_BYTES_MAX + 128 * 1024
NAME_BYTES_MAX = 128
ROLES_MAX = 64
ROLE_KEYS_MAX = 32
SIGNATURES_MAX = 64
SUBJECTS_MAX = 10000
GRANT_ACTIONS_MAX = 1000
DAY_MS = 86400000
TRUST = ("trusted", "degraded", "suspended", "revoked")
SEMANTICS = (1, 2, 4)
FILE_BYTES_MAX = TILE_WIDTH * (2 + RECORD_BYTES_MAX)

EXIT_OK, EXIT_NOT_VERIFIED, EXIT_USAGE = 0, 2, 64


class NotVerified(Exception):
    """What was given is not what it claims to be. Its text says why, in a sentence."""


class Usage(Exception):
    """The command line makes no sense."""


# Canonical JSON (canonical-json.md)


def parse_json(data):
    """The value of exactly one canonical text."""
    if len(data) > JSON_BYTES_MAX:
        raise NotVerified("not canonical JSON: too long")
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=members, parse_float=refuse, parse_constant=refuse
        )
        again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        encoded = again.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise NotVerified("not canonical JSON: %s" % type(error).__name__) from None
    check_value(value)
    if encoded != data:
        raise NotVerified("not canonical JSON: it would be written differently")
    return value


def members(pairs):
    """An object without duplicate keys, which all are lower-case names."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("the same key twice")
    if not all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in value):
        raise ValueError("a key that is not a lower-case name")
    return value


def refuse(_):
    """No fractions, no exponents, no NaN, no Infinity."""
    raise ValueError("a number that is no integer")


def check_value(value):
    """No null, no integer that a binary64 can't hold, nothing too deep or too many."""
    pending, count = [(value, 0)], 0
    while pending:
        value, depth = pending.pop()
        count += 1
        if count > JSON_VALUES_MAX:
            raise NotVerified("not canonical JSON: too many values")
        if value is None:
            raise NotVerified("not canonical JSON: null")
        if isinstance(value, int) and abs(value) > INTEGER_MAX:
            raise NotVerified("not canonical JSON: an integer of 2^53 or more")
        if isinstance(value, (list, dict)):
            if depth >= JSON_DEPTH_MAX:
                raise NotVerified("not canonical JSON: too deep")
            inner = value.values() if isinstance(value, dict) else value
            pending.extend((element, depth + 1) for element in inner)


def parse_record(data):
    """A record's members (records.md)."""
    if len(data) > RECORD_BYTES_MAX:
        raise NotVerified("a record of %d bytes: %d is the most" % (len(data), RECORD_BYTES_MAX))
    record = parse_json(data)
    if not isinstance(record, dict):
        raise NotVerified("a record is an object")
    if type(record.get("v")) is not int or record["v"] != 1:
        raise NotVerified("a record has `v` 1")
    kind = record.get("type")
    word = r"[a-z][a-z0-9_]*"
    if not isinstance(kind, str) or not re.fullmatch(r"%s(\.%s)+" % (word, word), kind):
        raise NotVerified("a record has a `type` of two or more lower-case words joined by dots")
    if len(kind) > RECORD_TYPE_BYTES_MAX:
        raise NotVerified("a record's `type` has at most %d letters" % RECORD_TYPE_BYTES_MAX)
    return record


# Members of record types (records.md): a kind is a function that refuses what is not of it


def need(holds, path):
    """Refuses the member at that path."""
    if not holds:
        raise NotVerified("`%s` is not what it must be" % path)


def is_integer(value):
    """Python's booleans are integers, and a record's are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def text(value, path):
    """A string."""
    need(isinstance(value, str), path)


def truth(value, path):
    """A boolean."""
    need(isinstance(value, bool), path)


def time(value, path):
    """Milliseconds since the Unix epoch."""
    need(is_integer(value), path)


def count(value, path):
    """An integer of 0 or more."""
    need(is_integer(value) and value >= 0, path)


def uid(value, path):
    """A user of the operating system."""
    need(is_integer(value) and 0 <= value < 2**32, path)


def name(value, path):
    """1 to 128 bytes without control characters."""
    text(value, path)
    need(1 <= len(value.encode("utf-8")) <= NAME_BYTES_MAX and not re.search(r"[\x00-\x1f\x7f-\x9f]", value), path)


def digest(value, path):
    """32 bytes in base64url."""
    text(value, path)
    need(len(value) == 43 and len(decode64(value, url=True)) == 32, path)


def data(value, path):
    """Bytes in base64url."""
    text(value, path)
    decode64(value, url=True)


def vkey(value, path):
    """A public key."""
    text(value, path)
    Key(value)


def anything(value, path):
    """An object whose members nobody asks for."""
    need(isinstance(value, dict), path)


def word(*words):
    """One of these words."""
    return lambda value, path: need(isinstance(value, str) and value in words, path)


def array(kind, least=0):
    """An array of that kind."""

    def check(value, path):
        need(isinstance(value, list) and len(value) >= least, path)
        for inner in value:
            kind(inner, path)

    return check


def rising(value, path):
    """In order, each once."""
    need(all(a < b for a, b in zip(value, value[1:])), path)


def exactly(required, optional=None):
    """An object with exactly these members."""
    kinds = dict(required, **(optional or {}))

    def check(value, path):
        need(isinstance(value, dict), path)
        for member in value:
            need(member in kinds, "%s.%s" % (path, member))
        for member in required:
            need(member in value, "%s.%s" % (path, member))
        for member, inner in value.items():
            kinds[member](inner, "%s.%s" % (path, member))

    return check


POSITION = exactly({"origin": text, "root": digest, "size": count})


# Governance records (records.md)


def subject(value, path):
    """Whom a trust state or a halt is about."""
    exactly({"id": text, "kind": word("domain", "zone", "node", "workload", "execution")})(value, path)
    if value["kind"] == "domain":
        need(value["id"] == "", path)
    else:
        name(value["id"], path)


def roles(value, path):
    """Who has which role."""
    anything(value, path)
    need(len(value) <= ROLES_MAX and all(role in value for role in ("policy", "registrar", "root", "trust")), path)
    for role, inner in value.items():
        name(role, path)
        exactly({"keys": array(vkey), "threshold": count})(inner, path)
        keys = {Key(key).public_key for key in inner["keys"]}
        need(len(keys) == len(inner["keys"]) <= ROLE_KEYS_MAX and 1 <= inner["threshold"] <= len(keys), path)


def signatures(value, path):
    """Who signed, in the order of the keys' texts."""
    array(exactly({"key": vkey, "signature": data}))(value, path)
    need(len(value) <= SIGNATURES_MAX, path)
    rising([one["key"] for one in value], path)


REPLAY = exactly({"checkpoint": text, "different": count, "erased": count, "node": name, "same": count})

CONTENTS = {
    "domain.created": exactly({"domain": name, "roles": roles, "semantics": count}),
    "roles.changed": exactly({"roles": roles}),
    "semantics.adopted": exactly({"replayed_at": time, "replays": array(REPLAY), "semantics": count}),
    "bundle.published": exactly({"bundle": digest}),
    "workload.registered": exactly({"os_user": uid, "workload": name, "zone": name}),
    "node.registered": exactly({"key": vkey, "node": name}),
    "trust.changed": exactly({"subject": subject, "trust": word(*TRUST)}),
    "halt.ordered": exactly({"subject": subject}),
    "halt.lifted": exactly({"subject": subject}),
    "execution.ended": exactly({"execution": name}),
}


def proposal(value, path):
    """A change with its signatures, as it travels."""
    PROPOSAL(value, path)
    need(value["type"] in CONTENTS, path + ".type")
    CONTENTS[value["type"]](value["content"], path + ".content")


PROPOSAL = exactly(
    {"based_on": POSITION, "content": anything, "expires_ms": time, "signatures": signatures, "type": text}
)


class Governance:
    """The fold of a governance log: what its next record may be."""

    def __init__(self, origin):
        self.origin, self.at, self.size, self.tree, self.roots = origin, 0, 0, TreeOfEntries(), [tree_hash([])]
        self.roles, self.semantics, self.nodes, self.workloads = None, 0, {}, set()
        self.trust, self.changed = {}, {}
        self.zones, self.halted = {}, set()

    def apply(self, entry):
        """Takes the next record, or refuses it and stays as it was."""
        record = parse_record(entry)
        time(record.get("at"), "at")
        proposal({member: value for member, value in record.items() if member not in ("at", "v")}, "record")
        kind, content, at = record["type"], record["content"], record["at"]
        need((kind == "domain.created") == (self.roles is None), "type")
        self.check_signers(record, kind, content)
        basis = record["based_on"]
        need(basis["origin"] == self.origin and basis["size"] < len(self.roots), "based_on")
        need(decode64(basis["root"], url=True) == self.roots[basis["size"]], "based_on.root")
        need(self.changed.get(about(kind, content), -1) < basis["size"], "based_on.size")
        need(self.at <= at, "at")
        # The time of a reduction that came while the log was ahead of the clock is the log's.
        if at > self.at or not self.reduces(kind, content):
            need(at <= record["expires_ms"] <= at + DAY_MS, "expires_ms")
        self.check_content(kind, content, at)
        self.at = at
        self.changed[about(kind, content)] = self.size
        self.tree.push(leaf_hash(entry))
        self.size += 1
        self.roots.append(self.tree.root())
        self.fold(kind, content)
        return kind

    def check_signers(self, record, kind, content):
        """Whether all who signed have a role, and all who must have signed."""
        signed = {member: record[member] for member in ("based_on", "content", "expires_ms", "type")}
        message = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
        signers = [one["key"] for one in record["signatures"]]
        for one in record["signatures"]:
            signature = decode64(one["signature"], url=True)
            good = ed25519_verify(Key(one["key"]).public_key, b"interlock.governance.v1\n" + message, signature)
            need(good, "signatures")
        new = content["roles"] if kind in ("domain.created", "roles.changed") else {}
        old = self.roles or new
        known = {key for some in (old, new) for role in some.values() for key in role["keys"]}
        need(all(key in known for key in signers), "signatures")

        def have(some, role):
            return sum(key in some[role]["keys"] for key in signers)

        if new and new["root"] != old["root"]:
            need(have(new, "root") >= new["root"]["threshold"], "signatures")
        if self.reduces(kind, content):
            need(have(old, "root") >= 1 or have(old, "trust") >= 1, "signatures")
        else:
            role = SIGNER.get(kind, "trust")
            need(have(old, role) >= old[role]["threshold"], "signatures")

    def reduces(self, kind, content):
        """Whether it only takes away."""
        if kind == "trust.changed":
            before = self.trust.get(about(kind, content), "trusted")
            return TRUST.index(content["trust"]) >= TRUST.index(before)
        return kind == "halt.ordered"

    def leaves(self, content):
        """Whether a workload would leave a zone that is halted, or trusted less than the one it would come to."""
        old = self.zones.get(content["workload"], content["zone"])
        trust = [TRUST.index(self.trust.get(("trust", "zone", zone), "trusted")) for zone in (old, content["zone"])]
        return old != content["zone"] and (old in self.halted or trust[0] > trust[1])

    def check_content(self, kind, content, at):
        """What its type asks for."""
        if kind == "domain.created":
            need(content["domain"] + "/governance" == self.origin, "domain")
            need(content["semantics"] in SEMANTICS, "semantics")
        if kind == "workload.registered" and self.semantics >= 4:
            need(not self.leaves(content), "zone")
        if kind in ("workload.registered", "node.registered"):
            need(len(self.nodes) + len(self.workloads) < SUBJECTS_MAX, "content")
        if kind == "semantics.adopted":
            need(content["semantics"] in SEMANTICS and content["semantics"] > self.semantics, "semantics")
            need(0 <= at - content["replayed_at"] <= DAY_MS, "replayed_at")
            need([one["node"] for one in content["replays"]] == sorted(self.nodes), "replays")
            for one in content["replays"]:
                key = Key(self.nodes[one["node"]])
                open_checkpoint(one["checkpoint"], key, key.name)

    def fold(self, kind, content):
        """What it changes, as far as later records depend on it."""
        self.roles = content.get("roles", self.roles)
        self.semantics = content.get("semantics", self.semantics)
        if kind == "node.registered":
            self.nodes[content["node"]] = content["key"]
        if kind == "workload.registered":
            self.workloads.add(content["workload"])
            self.zones[content["workload"]] = content["zone"]
        if kind.startswith("halt.") and content["subject"]["kind"] == "zone":
            change = self.halted.add if kind == "halt.ordered" else self.halted.discard
            change(content["subject"]["id"])
        if kind == "trust.changed":
            self.trust[about(kind, content)] = content["trust"]


SIGNER = {
    "domain.created": "root",
    "roles.changed": "root",
    "semantics.adopted": "root",
    "bundle.published": "policy",
    "workload.registered": "registrar",
    "node.registered": "registrar",
}


def about(kind, content):
    """What a change is about: a newer one makes older signatures stale."""
    if "subject" in content:
        return kind.split(".")[0], content["subject"]["kind"], content["subject"]["id"]
    named = content.get("workload") or content.get("node") or content.get("execution") or ""
    return kind, named


# Lineage records (records.md)


def grant(value, path):
    """What an execution may do at most."""
    actions = array(text)
    exactly({}, {"actions": actions, "calls_max": count, "depth_max": count, "until_ms": count})(value, path)
    rising(value.get("actions", []), path)
    fits = [1 <= len(action.encode("utf-8")) <= NAME_BYTES_MAX for action in value.get("actions", [])]
    need(all(fits) and len(fits) <= GRANT_ACTIONS_MAX, path)


def labels(value, path):
    """Names in order, each once, at least one."""
    array(text, 1)(value, path)
    rising(value, path)


def commitments(value, path):
    """Digests by name."""
    anything(value, path)
    for inner in value.values():
        digest(inner, path)


def counts(value, path):
    """Refusals by code, in the order of the codes."""
    array(exactly({"code": name, "count": count}))(value, path)
    rising([one["code"] for one in value], path)


PER = word("execution", "workload", "zone", "node")
CHARGES = array(exactly({"amount": count, "meter": name, "per": PER, "subject": name}), 1)
ASSURANCE = word("cooperative", "separated", "confined", "attested")

DECIDED = {
    "action": text,
    "commitments": commitments,
    "decision": anything,
    "direction": word("to_server", "to_client"),
    "facts": exactly({"assurance": ASSURANCE, "at": time}, {"definition": digest}),
    "method": name,
    "server": name,
}
SOMETIMES_DECIDED = {
    "charges": CHARGES,
    "hands_on": exactly({"grant": grant, "workload": name}),
    "retry": exactly({"given": array(digest), "pending": digest}),
    "tool": name,
}
COMPLETED = {"commitments": commitments, "decided_seq": count, "outcome": word("result", "error", "sent", "unknown")}
DELEGATION = exactly({"grant": grant, "parent": name})
APPROVAL = {"expires_ms": time, "key": vkey, "pending": digest, "signature": data, "verdict": word("permit", "refuse")}
ERASED = {"erased": name, "os_user": uid, "reason": word("asked", "retention")}

OF_EXECUTIONS = {
    "execution.started": ({"os_user": uid, "workload": name}, {"delegation": DELEGATION}),
    "execution.delegated": ({"child": name, "decided_seq": count}, {}),
    "execution.ended": ({"by": word("parent", "officer")}, {}),
    "transition.decided": (DECIDED, SOMETIMES_DECIDED),
    "approval.given": (APPROVAL, {}),
    "transition.withheld": ({"code": name, "decided_seq": count}, {}),
    "transition.completed": (COMPLETED, {"charges": CHARGES, "labels": labels, "withheld": name, "written": count}),
}
OF_NODES = {
    "clock.stepped": ({"by_ms": time}, {}),
    "enforcement.ordered": ({"proposal": proposal}, {}),
    "state.snapshot": ({"private": digest, "public": digest, "size": count}, {}),
    "execution.erased": (ERASED, {}),
    "governance.adopted": ({"verified": truth}, {"bundle": digest}),
    "input.refused": ({"counts": counts}, {}),
}
HEADER = {"at": time, "governance": POSITION, "node": name, "type": text, "v": count}
CHAIN = {"execution": name, "parents": array(digest), "seq": count}


def parse_lineage(entry):
    """A lineage record's members."""
    record = parse_record(entry)
    kind = record["type"]
    if kind in OF_EXECUTIONS:
        required, optional = OF_EXECUTIONS[kind]
        exactly(dict(HEADER, **CHAIN, **required), dict(optional, prev=digest))(record, "record")
        need(("prev" in record) == (record["seq"] > 0), "prev")
        need("written" not in record or record["outcome"] == "unknown", "written")
    elif kind in OF_NODES:
        required, optional = OF_NODES[kind]
        exactly(dict(HEADER, **required), optional)(record, "record")
    else:
        raise NotVerified("`%s` is no type of a lineage record" % printable(kind))
    return record


class Lineage:
    """Follows a lineage log by what is in the open: each record's form, and its place in the log and in its execution."""

    def __init__(self, origin):
        self.node, self.at, self.size, self.governance = origin.split("/lineage/", 1)[-1], 0, 0, 0
        self.last, self.over, self.children = {}, set(), {}

    def apply(self, entry):
        """Takes the next record, or refuses it."""
        record = parse_lineage(entry)
        kind, head = record["type"], record["governance"]["size"]
        need(record["node"] == self.node, "node")
        need(record["at"] >= self.at, "at")
        need(head >= self.governance if kind == "governance.adopted" else head == self.governance, "governance")
        if "execution" in record:
            self.chain(record, hashlib.sha256(entry).digest())
        need(kind != "state.snapshot" or record["size"] == self.size, "size")
        need(kind != "execution.erased" or record["erased"] in self.over, "erased")
        self.at, self.governance, self.size = record["at"], head, self.size + 1
        return kind

    def chain(self, record, own):
        """One more record of an execution."""
        kind, of = record["type"], record["execution"]
        seq, prev = self.last.get(of, (-1, None))
        need(record["seq"] == seq + 1 and of not in self.over, "seq")
        need((kind == "execution.started") == (prev is None), "type")
        need(prev is None or record["prev"] == encode_url(prev), "prev")
        need(record["parents"] == ([encode_url(self.children[of])] if prev is None and of in self.children else []), "parents")
        if kind == "execution.delegated":
            self.children[record["child"]] = own
        if kind == "execution.ended":
            self.over.add(of)
        self.last[of] = (seq + 1, own)


# Bytes in text


def decode64(text, url=False):
    """The bytes of the one base64 text that they have."""
    try:
        if url:
            data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            again = base64.urlsafe_b64encode(data).rstrip(b"=")
        else:
            data = base64.b64decode(text, validate=True)
            again = base64.b64encode(data)
    except (ValueError, binascii.Error):
        raise NotVerified("malformed base64") from None
    if again != text.encode("utf-8"):
        raise NotVerified("base64 that is not the one text of its bytes")
    return data


def encode_url(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def parse_decimal(text):
    """A number below 2^64, in ASCII, without leading zeroes."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text) or int(text) >= 2**64:
        raise NotVerified("`%s` is no decimal number" % printable(text))
    return int(text)


def printable(text):
    """Text that nobody vouched for, fit for a terminal."""
    return ascii(text[:200])[1:-1]


# Ed25519 (RFC 8032 section 5.1), verification only, in extended coordinates

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(a, b):
    """The sum of two points."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    x, z, t, y = f - e, h - g, h + g, f + e
    return (x * z % P, t * y % P, z * t % P, x * y % P)


def multiply(scalar, point):
    """A point, added to itself `scalar` times."""
    total = NEUTRAL
    while scalar > 0:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def equal(a, b):
    """Whether two points are one."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decompress(data):
    """The point that 32 bytes stand for, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - squared) % P != 0 or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def sound(point):
    """Whether it is a point, and none of the eight of small order."""
    return point is not None and not equal(multiply(8, point), NEUTRAL)


def ed25519_verify(public_key, message, signature):
    """Whether the signature is the key's over the message. Weak points are refused."""
    if len(signature) != 64:
        return False
    a, r = decompress(public_key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if not sound(a) or not sound(r) or s >= Q:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % Q
    return equal(multiply(s, BASE), add(r, multiply(k, a)))


# Signed notes and checkpoints (log.md)


class Key:
    """A verifier key: `NAME+HASH+BASE64`."""

    def __init__(self, text):
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NotVerified("not a verifier key: `NAME+HASH+BASE64` is needed")
        self.name, key_hash, encoded = parts
        check_name(self.name)
        typed = decode64(encoded)
        if typed[:1] != b"\x01":
            raise NotVerified("a key of another type than 0x01 (Ed25519)")
        if len(typed) != 33 or not sound(decompress(typed[1:])):
            raise NotVerified("no sound Ed25519 public key")
        self.key_id = hashlib.sha256(self.name.encode("utf-8") + b"\n" + typed).digest()[:4]
        self.public_key = typed[1:]
        if key_hash != self.key_id.hex():
            raise NotVerified("the hash in the key is not that of its name and bytes: the key was altered")


def check_name(name):
    """A key's name has no spaces and no plus."""
    if not name or "+" in name or re.search(r"[\s\x00-\x1f\x7f-\x9f]", name):
        raise NotVerified("`%s` is no name of a key" % printable(name))


def open_note(note, key):
    """The text of a note that the key signed."""
    if len(note.encode("utf-8")) > NOTE_BYTES_MAX:
        raise NotVerified("a note that is too long")
    if any(character < " " and character != "\n" for character in note):
        raise NotVerified("a note with a control character in it")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise NotVerified("a note without signatures")
    lines = lines[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise NotVerified("a note with too many signatures")
    text += "\n"
    found, same_name = False, False
    for name, key_id, signature in [signature_line(line) for line in lines]:
        same_name |= name == key.name
        if name == key.name and key_id == key.key_id:
            if not ed25519_verify(key.public_key, text.encode("utf-8"), signature):
                raise NotVerified("the signature by `%s` does not fit the text: one of the two was altered" % name)
            found = True
    if not found and same_name:
        raise NotVerified("signed by another key of `%s` than the one that is trusted" % key.name)
    if not found:
        raise NotVerified("no signature by `%s`" % key.name)
    return text


def signature_line(line):
    """Name, key id and signature."""
    parts = line.split(" ", 2)
    if len(parts) != 3 or parts[0] != "\u2014":
        raise NotVerified("a malformed signature line")
    check_name(parts[1])
    data = decode64(parts[2])
    if len(data) < 5:
        raise NotVerified("a malformed signature line")
    return parts[1], data[:4], data[4:]


def open_checkpoint(signed, key, origin):
    """Size and root of the log's head, if the key signed it."""
    claimed = signed.split("\n", 1)[0]
    if claimed != origin:
        raise NotVerified("a checkpoint of another log: of `%s`, and `%s` was asked for" % (printable(claimed), origin))
    text = open_note(signed, key)
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines):
        raise NotVerified("a checkpoint has three lines or more, none of them empty")
    root = decode64(lines[2])
    if len(root) != 32:
        raise NotVerified("the root in the checkpoint is not 32 bytes")
    return parse_decimal(lines[1]), root


# The Merkle tree (RFC 6962 section 2.1)


def leaf_hash(entry):
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes):
    """The root above these hashes."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def root_from_inclusion(leaf, index, size, proof):
    """The root that a proof leads to, by the recursion that defines the path (RFC 6962 section 2.1.1)."""
    if size == 1:
        if proof:
            raise NotVerified("the proof is too long")
        return leaf
    if not proof:
        raise NotVerified("the proof is too short")
    split = 1 << ((size - 1).bit_length() - 1)
    if index < split:
        return node_hash(root_from_inclusion(leaf, index, split, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_from_inclusion(leaf, index - split, size - split, proof[:-1]))


def check_inclusion(leaf, index, size, proof, root):
    """Whether the leaf stands at that index of the tree with that root."""
    if index >= size:
        raise NotVerified("index %d is outside of a log of %d" % (index, size))
    if len(proof) > PROOF_HASHES_MAX:
        raise NotVerified("the proof is too long")
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise NotVerified("the record is not at this index of the log: its hash and the proof do not lead to the root")


def roots_from_consistency(old, size, proof, whole, old_root):
    """Old and new root that a proof leads to, by the recursion that defines it (RFC 6962 section 2.1.2)."""
    if old == size:
        if whole:
            if proof:
                raise NotVerified("the proof is too long")
            return old_root, old_root
        if len(proof) != 1:
            raise NotVerified("a proof of the wrong length")
        return proof[0], proof[0]
    if not proof:
        raise NotVerified("the proof is too short")
    split = 1 << ((size - 1).bit_length() - 1)
    if old <= split:
        before, after = roots_from_consistency(old, split, proof[:-1], whole, old_root)
        return before, node_hash(after, proof[-1])
    before, after = roots_from_consistency(old - split, size - split, proof[:-1], False, old_root)
    return node_hash(proof[-1], before), node_hash(proof[-1], after)


def check_consistency(old, old_root, size, root, proof):
    """Whether the old tree is a prefix of the new one."""
    if not 0 < old <= size or len(proof) > PROOF_HASHES_MAX:
        raise NotVerified("no such consistency proof")
    if roots_from_consistency(old, size, proof, True, old_root) != (old_root, root):
        raise NotVerified("the two trees are not one log")


# Tiles and entry bundles (log.md)


def place(index, width):
    """`<N>[.p/<W>]`."""
    text, index = "%03d" % (index % 1000), index // 1000
    while index:
        text, index = "x%03d/%s" % (index % 1000, text), index // 1000
    return text if width == TILE_WIDTH else "%s.p/%d" % (text, width)


def tile_path(level, index, width):
    """The path of a tile."""
    return "tile/%d/%s" % (level, place(index, width))


def bundle_path(index, width):
    """The path of an entry bundle."""
    return "tile/entries/%s" % place(index, width)


def places(count):
    """Index and width of each tile of a level with so many hashes."""
    for index in range(count // TILE_WIDTH):
        yield index, TILE_WIDTH
    if count % TILE_WIDTH:
        yield count // TILE_WIDTH, count % TILE_WIDTH


def levels(size):
    """Each level of a tree, and how many hashes it has."""
    level = 0
    while size:
        yield level, size
        level, size = level + 1, size // TILE_WIDTH


def split_bundle(data, path, entries_min, exact):
    """The entries of a bundle."""
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or len(entry) != length:
            raise NotVerified("`%s` ends inside of an entry" % path)
        entries.append(entry)
        at += 2 + length
    if len(entries) < entries_min or (exact and len(entries) != entries_min):
        raise NotVerified("`%s` does not hold exactly %d entries" % (path, entries_min))
    return entries[:entries_min]


class Folder:
    """The files of a log."""

    def __init__(self, path):
        self.path = path

    def read(self, name):
        """The bytes of a file, or None where there is none."""
        try:
            with open(os.path.join(self.path, *name.split("/")), "rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise NotVerified("`%s` can't be read: %s" % (name, error.strerror)) from None
        if len(data) > FILE_BYTES_MAX:
            raise NotVerified("`%s` is too large for a file of a log" % name)
        return data

    def partial_or_full(self, partial, full):
        """A file, or the full one that took its place; and whether it is the file itself."""
        data = self.read(partial)
        if data is not None:
            return partial, data, True
        data = self.read(full)
        if data is None:
            raise NotVerified("`%s` is missing: the log is larger than its files" % partial)
        return full, data, False


class TreeOfEntries:
    """Computes the hashes of all levels from entries alone, with one tile a level in memory."""

    def __init__(self):
        self.open = []

    def push(self, leaf):
        """Adds a leaf; gives the tiles that it made full, as (level, hashes)."""
        full, value, level = [], leaf, 0
        while True:
            if level == len(self.open):
                self.open.append([])
            self.open[level].append(value)
            if len(self.open[level]) < TILE_WIDTH:
                return full
            hashes, self.open[level] = self.open[level], []
            full.append((level, hashes))
            value, level = tree_hash(hashes), level + 1

    def root(self):
        """The root of all leaves so far."""
        peaks = []
        for hashes in reversed(self.open):
            while hashes:
                width = 1 << (len(hashes).bit_length() - 1)
                peaks.append(tree_hash(hashes[:width]))
                hashes = hashes[width:]
        if not peaks:
            return tree_hash([])
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root


class LogCheck:
    """Reads all of a log once. The tree comes from the entries; the tiles are compared with it."""

    def __init__(self, folder, size, progress, read):
        self.folder, self.size, self.progress, self.read = folder, size, progress, read
        self.tree = TreeOfEntries()
        self.tiles_seen = {}
        self.altered_tiles = []
        self.altered_entries = []

    def run(self, root):
        """Raises where anything is not what the root says."""
        first_bad_record = None
        for index, width in places(self.size):
            path, data, exact = self.folder.partial_or_full(
                bundle_path(index, width), bundle_path(index, TILE_WIDTH)
            )
            entries = split_bundle(data, path, width, exact or width == TILE_WIDTH)
            for at, entry in enumerate(entries):
                number = index * TILE_WIDTH + at
                if first_bad_record is None:
                    first_bad_record = bad_record(number, entry, self.read)
                for level, hashes in self.tree.push(leaf_hash(entry)):
                    self.compare(level, hashes)
            self.progress(index * TILE_WIDTH + width, self.size)
        for level, hashes in enumerate(self.tree.open):
            if hashes:
                self.compare(level, hashes)
        self.judge(root)
        if first_bad_record is not None:
            raise NotVerified(first_bad_record)

    def compare(self, level, hashes):
        """Compares a tile's file with the hashes that the entries give."""
        index = self.tiles_seen.get(level, 0)
        self.tiles_seen[level] = index + 1
        partial, full = tile_path(level, index, len(hashes)), tile_path(level, index, TILE_WIDTH)
        path, data, exact = self.folder.partial_or_full(partial, full)
        wanted = len(hashes) if exact else TILE_WIDTH
        if len(data) != 32 * wanted:
            raise NotVerified("`%s` has %d bytes where its width asks for %d" % (path, len(data), 32 * wanted))
        if data[: 32 * len(hashes)] == b"".join(hashes):
            return
        self.altered_tiles.append(path)
        if level == 0:
            for at, value in enumerate(hashes):
                if data[32 * at : 32 * at + 32] != value:
                    self.altered_entries.append(index * TILE_WIDTH + at)

    def judge(self, root):
        """Entries that hash to the signed root are right, so a tile that differs is wrong; else entries are."""
        if self.tree.root() == root:
            if self.altered_tiles:
                raise NotVerified("altered: `%s` is not the tile that the signed entries hash to" % self.altered_tiles[0])
            return
        if self.altered_entries:
            raise NotVerified("altered: entry %d does not hash to its leaf in the tree" % self.altered_entries[0])
        raise NotVerified("altered: the entries do not hash to the signed root")


def bad_record(number, entry, read):
    """Why an entry is no record, or None."""
    try:
        read(entry)
    except NotVerified as error:
        return "entry %d is no record: %s" % (number, error)
    return None


def verify_records(path, key, origin, progress):
    """Verifies a whole log, and reads each record by its type; gives what it found."""
    if origin.endswith("/governance"):
        fold = Governance(origin)
    elif "/lineage/" in origin:
        fold = Lineage(origin)
    else:
        raise NotVerified("`%s` is the origin of neither a governance log nor a lineage log" % printable(origin))
    types = {}

    def read(entry):
        kind = fold.apply(entry)
        types[kind] = types.get(kind, 0) + 1

    return dict(verify_log(path, key, origin, progress, read), types=types)


def verify_log(path, key, origin, progress, read=parse_record):
    """Verifies a whole log; gives what it found."""
    folder = Folder(path)
    signed = folder.read("checkpoint")
    if signed is None:
        raise NotVerified("`checkpoint` is missing")
    size, root = open_checkpoint(text_of(signed, "checkpoint"), key, origin)
    LogCheck(folder, size, progress, read).run(root)
    return {"origin": origin, "records": size, "root": encode_url(root), "size": size}


def verify_receipt(text, key, record):
    """Verifies a receipt; gives what it proves. `record` is the record's bytes, where they came in another file."""
    record, index, proof, checkpoint = read_proof(text, "c2sp.org/tlog-proof@v1", record)
    size, root = open_checkpoint(checkpoint, key, key.name)
    check_inclusion(leaf_hash(record), index, size, proof, root)
    kind = parse_record(record)["type"]
    return {"index": index, "origin": key.name, "root": encode_url(root), "size": size, "type": kind}


def verify_promise(text, key, record):
    """Verifies a promised record; gives what it proves. `record` is the record's bytes, where they came in another file."""
    record, index, proof, promise = read_proof(text, "interlock/promise-proof@v1", record)
    lines = open_note(promise, key).split("\n")
    if len(lines) != 6 or lines[0] != "interlock/promise@v1" or lines[5]:
        raise NotVerified("a promise has five lines: `interlock/promise@v1`, origin, first index, count, root")
    first, count = parse_decimal(lines[2]), parse_decimal(lines[3])
    if not 1 <= count <= PROMISE_ENTRIES_MAX or first + count >= 2**64:
        raise NotVerified("a promise's place is a first index and a count of 1 to %d" % PROMISE_ENTRIES_MAX)
    root = decode64(lines[4])
    if len(root) != 32:
        raise NotVerified("the root in the promise is not 32 bytes")
    if lines[1] != key.name:
        raise NotVerified("a promise of another log: of `%s`" % printable(lines[1]))
    if index < first:
        raise NotVerified("the index lies before the promised batch")
    check_inclusion(leaf_hash(record), index - first, count, proof, root)
    kind = parse_record(record)["type"]
    return {"count": count, "first": first, "index": index, "origin": key.name, "root": encode_url(root), "type": kind}


def read_proof(text, header, record):
    """The record, its index, the path and the signed note of a receipt's or a promised record's file."""
    if len(text.encode("utf-8")) > RECEIPT_BYTES_MAX:
        raise NotVerified("a file that is too long")
    header += "\n"
    if not text.startswith(header):
        raise NotVerified("the first line must be `%s`" % header.strip())
    head, blank, signed = text[len(header) :].partition("\n\n")
    if not blank:
        raise NotVerified("no empty line between the proof and what is signed")
    lines = head.split("\n")
    if lines[0].startswith("extra "):
        own = decode64(lines.pop(0)[len("extra ") :])
        if len(own) > RECORD_BYTES_MAX:
            raise NotVerified("the `extra` line is too long")
        record = own if record is None else record
    if not lines or not lines[0].startswith("index "):
        raise NotVerified("a line `index N` is needed")
    index = parse_decimal(lines[0][len("index ") :])
    proof = [decode64(line) for line in lines[1:]]
    if any(len(value) != 32 for value in proof):
        raise NotVerified("a line of the proof is not 32 bytes")
    if record is None:
        raise NotVerified("the file holds no record: give it with --record")
    if len(proof) > PROOF_HASHES_MAX:
        raise NotVerified("a proof of too many hashes")
    return record, index, proof, signed


# Golden vectors


def verify_vectors(folder):
    """Checks every case of every file; gives how many there were."""
    checks = {
        "json.jsonl": check_json_case,
        "records.jsonl": check_record_case,
        "governance.jsonl": GovernanceCases().check,
        "lineage.jsonl": lambda case: verdict(case["accept"], parse_lineage, case["text"].encode("utf-8")),
        "written.jsonl": lambda case: verdict(case["accept"], parse_lineage, case["text"].encode("utf-8")),
        "reductions.jsonl": GovernanceCases().check,
        "stops.jsonl": lambda case: verdict(case["accept"], parse_lineage, case["text"].encode("utf-8")),
        "commitments.jsonl": check_commitment_case,
        "keys.jsonl": lambda case: verdict(case["accept"], Key, case["vkey"]),
        "notes.jsonl": lambda case: verdict(case["verified"], open_note, case["note"], Key(case["vkey"])),
        "checkpoints.jsonl": lambda case: verdict(
            case["verified"], open_checkpoint, case["checkpoint"], Key(case["vkey"]), case["origin"]
        ),
        "receipts.jsonl": lambda case: verdict(
            case["verified"], verify_receipt, case["receipt"], Key(case["vkey"]), None
        ),
        "promises.jsonl": lambda case: verdict(
            case["verified"], verify_promise, case["promise"], Key(case["vkey"]), None
        ),
        "trees.jsonl": TreeCases().check,
        "paths.jsonl": check_path_case,
    }
    count = 0
    for name, check in checks.items():
        lines = input_file(os.path.join(folder, name)).split(b"\n")[:-1]
        if not lines:
            raise NotVerified("`%s` holds no cases" % name)
        for number, line in enumerate(lines, 1):
            try:
                check(parse_json(line))
            except NotVerified as error:
                raise NotVerified("%s, line %d: %s" % (name, number, error)) from None
            count += 1
    log = os.path.join(folder, "log")
    key = read_key(os.path.join(log, "vkey"))
    verify_log(log, key, key.name, lambda done, total: None)
    check_digests(folder)
    return {"cases": count + 1}


def check_digests(folder):
    """Whether each frozen file is what it was when it was frozen."""
    for line in text_of(input_file(os.path.join(folder, "SHA256SUMS")), "SHA256SUMS").split("\n")[:-1]:
        wanted, path = line[:64], line[66:]
        if hashlib.sha256(input_file(os.path.join(folder, path))).hexdigest() != wanted:
            raise NotVerified("`%s` is not the file that was frozen" % printable(path))


def verdict(expected, check, *arguments):
    """Whether a check accepts exactly if it should."""
    try:
        check(*arguments)
        why = None
    except NotVerified as error:
        why = str(error)
    if expected and why is not None:
        raise NotVerified("should be accepted, and is refused: %s" % why)
    if not expected and why is None:
        raise NotVerified("should be refused, and is accepted")


def check_json_case(case):
    """A text, or bytes that are none."""
    data = case["text"].encode("utf-8") if "text" in case else decode64(case["bytes"], url=True)
    verdict(case["accept"], parse_json, data)


def check_record_case(case):
    """A record, its digest and leaf."""
    data = case["text"].encode("utf-8")
    verdict(case["accept"], parse_record, data)
    if case["accept"]:
        same(case["digest"], encode_url(hashlib.sha256(data).digest()))
        same(case["leaf_hash"], encode_url(leaf_hash(data)))


def check_commitment_case(case):
    """SHA-256 over salt and bytes."""
    data = decode64(case["salt"], url=True) + decode64(case["bytes"], url=True)
    same(case["commitment"], encode_url(hashlib.sha256(data).digest()))


def check_path_case(case):
    """The files of a log of some size."""
    size = case["size"]
    same(case["bundles"], [bundle_path(index, width) for index, width in places(size)])
    tiles = [
        tile_path(level, index, width) for level, count in levels(size) for index, width in places(count)
    ]
    same(case["tiles"], tiles)


class GovernanceCases:
    """One governance log, case by case, and what is refused beside it."""

    def __init__(self):
        self.log = Governance("acme.example/governance")

    def check(self, case):
        """A record that is accepted next, or one that is refused there."""
        same(case["after"], self.log.size)
        verdict(case["accept"], self.log.apply, case["text"].encode("utf-8"))


class TreeCases:
    """Roots and proofs of trees whose entry i is i in ASCII decimal."""

    def __init__(self):
        self.roots = {}

    def check(self, case):
        """A root, an inclusion proof or a consistency proof."""
        size, root = case["size"], decode64(case["root"], url=True)
        proof = [decode64(value, url=True) for value in case.get("proof", [])]
        if self.root(size) != root:
            raise NotVerified("another root")
        if "index" in case:
            leaf = leaf_hash(str(case["index"]).encode("ascii"))
            check_inclusion(leaf, case["index"], size, proof, root)
        elif "old_size" in case:
            old_root = decode64(case["old_root"], url=True)
            same(case["old_root"], encode_url(self.root(case["old_size"])))
            check_consistency(case["old_size"], old_root, size, root, proof)

    def root(self, size):
        """The root, computed once."""
        if size not in self.roots:
            leaves = [leaf_hash(str(index).encode("ascii")) for index in range(size)]
            self.roots[size] = tree_hash(leaves)
        return self.roots[size]


def same(expected, found):
    """Whether two values are one."""
    if expected != found:
        raise NotVerified("`%s` is expected, and `%s` was computed" % (expected, found))


# The command line


def input_file(path):
    """A file that the command line names."""
    try:
        with open(path, "rb") as file:
            return file.read(FILE_BYTES_MAX)
    except OSError as error:
        raise Usage("`%s` can't be read: %s" % (path, error.strerror)) from None


def text_of(data, name):
    """UTF-8, or not verified."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotVerified("`%s` is not UTF-8" % name) from None


def read_key(path):
    """The key in a file of one line."""
    text = text_of(input_file(path), path)
    return Key(text[:-1] if text.endswith("\n") else text)


def arguments(words, options):
    """One positional argument, and the options that the command has."""
    found, positional, words = {}, [], list(words)
    while words:
        word = words.pop(0)
        if word == "--json":
            found["--json"] = True
        elif word in options:
            if not words:
                raise Usage("`%s` takes a value" % word)
            found[word] = words.pop(0)
        elif word.startswith("-"):
            raise Usage("`%s` is not known: %s" % (word, ", ".join([*options, "--json"])))
        else:
            positional.append(word)
    if len(positional) != 1:
        raise Usage("one file or folder is needed")
    return positional[0], found


def command_log(words, verify=None):
    """`log DIR`, `records DIR`"""
    folder, options = arguments(words, ["--vkey", "--origin"])
    if not os.path.isdir(folder):
        raise Usage("`%s` is no folder" % folder)
    key = read_key(options.get("--vkey", os.path.join(folder, "vkey")))
    origin = options.get("--origin", key.name)
    found = (verify or verify_log)(folder, key, origin, progress_line())
    trust = "" if "--vkey" in options else "\n  with the key that lies in the folder: compare it with one you trust"
    text = "%(origin)s: %(records)d records verified, root %(root)s" % found
    return found, text + trust


def command_records(words):
    """`records DIR`"""
    return command_log(words, verify_records)


def command_receipt(words):
    """`receipt FILE`"""
    path, options = arguments(words, ["--vkey", "--record"])
    if "--vkey" not in options:
        raise Usage("`receipt` takes --vkey FILE, the log's public key")
    key = read_key(options["--vkey"])
    record = input_file(options["--record"]) if "--record" in options else None
    found = verify_receipt(text_of(input_file(path), path), key, record)
    return found, "%(origin)s: record %(index)d of %(size)d verified, %(type)s, root %(root)s" % found


def command_promise(words):
    """`promise FILE`"""
    path, options = arguments(words, ["--vkey", "--record"])
    if "--vkey" not in options:
        raise Usage("`promise` takes --vkey FILE, the log's public key")
    key = read_key(options["--vkey"])
    record = input_file(options["--record"]) if "--record" in options else None
    found = verify_promise(text_of(input_file(path), path), key, record)
    return found, "%(origin)s: record %(index)d promised with %(count)d from %(first)d on, %(type)s" % found


def command_vectors(words):
    """`vectors DIR`"""
    folder, _ = arguments(words, [])
    found = verify_vectors(folder)
    return found, "%(cases)d cases as expected" % found


def progress_line():
    """Shows how far it is, on a terminal."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done, total):
        end = "\n" if done == total else ""
        sys.stderr.write("\r%d of %d records%s" % (done, total, end))

    return show


def main(words):
    """Runs a command; gives the exit code."""
    commands = {
        "log": command_log,
        "records": command_records,
        "promise": command_promise,
        "receipt": command_receipt,
        "vectors": command_vectors,
    }
    as_json = "--json" in words
    try:
        if words and words[0] in ("-h", "--help"):
            print(__doc__.strip())
            return EXIT_OK
        if not words or words[0] not in commands:
            raise Usage("a command is needed: %s" % ", ".join(commands))
        found, text = commands[words[0]](words[1:])
        found["verified"] = True
        print(json.dumps(found, sort_keys=True) if as_json else "verified: " + text)
        return EXIT_OK
    except NotVerified as error:
        answer = {"error": str(error), "verified": False}
        print(json.dumps(answer, sort_keys=True) if as_json else "NOT VERIFIED: %s" % error)
        return EXIT_NOT_VERIFIED
    except Usage as error:
        sys.stderr.write("error: %s\n\n%s\n" % (error, __doc__.strip()))
        return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
