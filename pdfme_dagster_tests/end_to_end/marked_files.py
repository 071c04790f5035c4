"""Statement files of customers whom nothing but these files can have named, good ones and broken ones.

Not here: finding the marks again (marks.py), nor what should become of the files. All names are invented, and
all card numbers lie in 5000 0000 0000 00xx.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

LATIN, OTHER, PAYEE = "Zorblaxine Quimbytko", "VEXULOPRA-DRANTHIL", "Fnordwick O'Plimsty"
ARABIC, VOCALISED = "ضغثوزان ظخشلميط", "ظَغِثُّو"
SHORT, SPACED = "Ǧẅ Ǩṽ", "Ẑ ǒ Ř ḃ Ḹ"
ADDRESS = ("Grelmoth Alley 7", "Snibworth Heights")
NAMES = (LATIN, OTHER, ARABIC, VOCALISED, SHORT, SPACED)
CARDS = tuple(f"50000000000000{end}" for end in (15, 23, 31, 49, 56))


def write_card(card: str) -> list[str]:
    """Return a card number in all ways it is written."""
    fours = [card[start : start + 4] for start in range(0, 16, 4)]
    joints = ("", " ", "-", ".", "_", "  ", "\u00a0", "\u2011", " - ")
    arabic = card.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    return [*(joint.join(fours) for joint in joints), arabic, f"00-{card}", f"{card}{card}"]


# Nobody's: what a test leaves on purpose, to see that it is found.
PLANTED = "Glimfrostep"

# What may stand where a number, a date or a code should: all that must never be repeated.
ODD = (*NAMES, *write_card(CARDS[0]), "Zorblaxine 5000 0000 Quimbytko 0000 0015")

_ONE_OF_MANY = re.compile(r"[a-z]\w*(?<!template)\d+\.(txt|csv|json|sta|xml|fix)$")

Files = Iterator[tuple[str, bytes]]


def make_marked_files() -> dict[str, bytes]:
    """Return all files by their keys, each content once: what is replaced may stand there already."""
    makers = (_named_by_cards, _afs, _broken_files, _csv, _json, _mt940, _camt053, _fixed, _templates)
    files = [file for maker in makers for file in maker()]
    keys = {content: key for key, content in files}
    assert len({key for key, _ in files}) == len(files), "two files have one key"
    return {key: content for content, key in keys.items()}


def choose_some(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return every eleventh of the files that differ by what stands in one place only, and all others."""
    alike = [key for key in files if _ONE_OF_MANY.search(key)]
    left_out = {*alike} - {*alike[::11]}
    return {key: content for key, content in files.items() if key not in left_out}


# --- afs ---


def write_afs(
    *,
    org: str = "900",
    card: str = CARDS[0],
    name: str = LATIN,
    shop: str = PAYEE,
    start: Mapping[int, str] = {},
    person: Mapping[int, str] = {},
    row: Mapping[int, str] = {},
) -> list[str]:
    """Return a customer's records, some of their fields replaced."""
    head = f"{org}|001|00-{card}|"
    balances = {12: "12.500", 14: "30092025", 27: "000974750", 41: "0.000", 43: "12.500", 45: "0.000"}
    records = (
        ("1", {**balances, **start}),
        ("2", {5: name, 6: ADDRESS[0], 7: ADDRESS[1], 8: card, 82: LATIN, **person}),
        ("4", {4: "01092025", 7: "000012500", 10: "02092025", 22: f"{shop} {card}", **row}),
        ("6", {5: f"Dear {name}, your card {card} is due."}),
    )
    return [
        head + kind + "|" + "|".join(fields.get(at, "") for at in range(4, 90)) for kind, fields in records
    ]


def _join(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _named_by_cards() -> Files:
    """Keys with card numbers in them: of good files, of broken ones, of some that leave a customer out."""
    good, bad = write_afs(), write_afs(start={12: OTHER}, card=CARDS[3])
    contents = (good, bad, [*good, *bad])
    for number, written in enumerate(write_card(CARDS[1])):
        keys = (f"900_{written}.txt", f"in {written}/900_x.txt", f"{written.replace(' ', '/')}/900_y.txt")
        for at, key in enumerate(keys):
            yield key, _join(*contents[(number + at) % 3], *[""] * (3 * number + at))


def _afs() -> Files:
    good = write_afs(card=CARDS[2], name=OTHER)
    for org in ("900", "901"):  # the latter's profile refuses whole files
        for number, odd in enumerate(ODD):
            yield f"{org}_name{number}.txt", _join(*write_afs(org=org, name=odd, shop=odd))
            for record, fields in (
                ("start", (12, 14, 27, 41, 43, 45)),
                ("row", (4, 7, 10, 56, 57)),
            ):
                for field in fields:
                    changed = {record: {field: odd} | ({56: "USD"} if field == 57 else {})}
                    bad = write_afs(org=org, **changed)  # type: ignore[arg-type]
                    neighbour = [line.replace("900|", f"{org}|", 1) for line in good]
                    yield f"{org}_{record}{field}_{number}.txt", _join(*bad, *neighbour)
    yield from _afs_records(good)


def _afs_records(good: list[str]) -> Files:
    """Records that do not fit together, and what is only warned of."""
    one, other = write_afs(), write_afs(card=CARDS[3], name=ARABIC)
    yield "900_second_person.txt", _join(one[0], one[1], one[1], *one[2:], *good)
    yield "900_out_of_order.txt", _join(*one, one[2], *good)
    yield "900_other_account.txt", _join(*one[:2], other[2], *one[2:], *good)
    yield "900_orphans.txt", _join(*other[1:], *good)
    yield "900_no_person.txt", _join(one[0], *one[2:], *good)
    yield "900_no_account.txt", _join(*(line.replace(f"00-{CARDS[0]}", " ") for line in one), *good)
    yield "900_cut.txt", _join(*one)[:-150]
    yield "900_cut_in_name.txt", _join(*one[:2])[: len(one[0]) + 60]
    yield "900_same_day.txt", _join(*good, *good)
    yield (
        "900_unknown_records.txt",
        _join(
            f"{LATIN}|{ARABIC}",
            CARDS[0],
            f"{LATIN}|1|{CARDS[0]}|Z",
            f"900|1|{CARDS[0]}|99|{OTHER}",
            *good,
            LATIN,
        ),
    )
    yield "900_organisation.txt", _join(*(line.replace("900|", f"{LATIN}|", 1) for line in one), *good)
    yield "266_organisation.txt", _join(*write_afs(org="900", name=SHORT))
    yield "901_unbalanced.txt", _join(*write_afs(org="901", start={12: "99.000"}))
    yield "900_unbalanced.txt", _join(*write_afs(start={12: "98.000"}))
    yield "900_heading.txt", _join(*write_afs(row={22: "Account transactions"}, name=VOCALISED))
    yield "900_no_start.txt", _join(*one[1:], ARABIC)
    yield "900_no_date.txt", _join(*write_afs(row={4: "", 10: ""}, name=OTHER))


def _broken_files() -> Files:
    """Files that are no text, no statement, too large, or empty."""
    text = _join(*write_afs())
    arabic = _join(*write_afs(name=ARABIC)).decode()
    yield "900_empty.txt", b""
    yield "900_blank.txt", b"\n\n"
    yield "900_zero.txt", text.replace(b"Quimbytko", b"Quimbytko\0")
    yield "900_damaged.txt", arabic.encode().replace("ض".encode(), b"\xd8\xff", 1)
    yield "900_cp1256.txt", arabic.encode("cp1256")
    yield "900_utf16.txt", ("\ufeff" + arabic).encode("utf-16-le")
    yield "900_half_utf16.txt", ("\ufeff" + arabic).encode("utf-16-le")[:-3]
    yield "900_no_profile.txt", f"Dear {LATIN},\nyour card {CARDS[0]} is due. {ARABIC}\n".encode()
    yield "900_large.txt", _join(*write_afs(name=LATIN * 6000))
    yield "900_long_line.txt", _join(*write_afs(shop=f"{LATIN} {ARABIC} " * 1000))
    yield "900_no_organisation.txt", _join(*write_afs(org=""))


# --- csv ---

_HEADER = "Account,Name,Statement date,Currency,Opening balance,Closing balance,Date,Description,Amount"


def _csv() -> Files:
    good = f"{CARDS[0]},{LATIN},2025-09-30,BHD,100.000,87.500,2025-09-01,{PAYEE} {CARDS[0]},-12.500"
    other = f"{CARDS[1]},{ARABIC},2025-09-30,BHD,20.000,20.000,,,"
    files = {
        "good": (_HEADER, good, other),
        "no_header": (good, other),
        "header_runs_on": (f"{_HEADER},{good}", other),
        "unread": (f"{_HEADER},Branch", f"{good},{LATIN}"),
        "more_cells": (_HEADER, f"{good},{LATIN},{CARDS[0]}", other),
        "fewer_cells": (_HEADER, f"{CARDS[0]},{LATIN}", other),
        "other_name": (_HEADER, good, good.replace(LATIN, OTHER), other),
        "open_quote": (_HEADER, other, good.replace(LATIN, f'"{LATIN}')),
        "odd_quote": (_HEADER, other, good.replace(LATIN, f'"{LATIN}"{OTHER}')),
        "debit_only": (_HEADER.replace("Amount", "Debit"), good),
        "rounded": (_HEADER, good.replace(CARDS[0], "5.00000E+15", 1), other),
    }
    for name, lines in files.items():
        yield f"900_{name}.csv", _join(*lines)
    for number, odd in enumerate(ODD):
        for column in range(9):
            cells = good.split(",")
            cells[column] = odd
            yield f"900_column{column}_{number}.csv", _join(_HEADER, ",".join(cells), other)
    two = _HEADER.replace("Amount", "Debit,Credit")
    yield "900_both.csv", _join(two, f"{good[:-7]}{CARDS[0]},{LATIN}", f"{other},")


# --- json ---


def _say(**changed: object) -> dict[str, object]:
    row = {"date": "2025-09-03", "description": f"{PAYEE} {CARDS[0]}", "amount": "5.000", "credit": False}
    return {
        "org_id": "900",
        "account": CARDS[0],
        "name": LATIN,
        "address": list(ADDRESS),
        "statement_date": "2025-09-21",
        "currency": "BHD",
        "opening": "0.000",
        "closing": "5.000",
        "transactions": [row | changed.pop("row", {})],  # type: ignore[operator]
        "messages": [f"Dear {LATIN}"],
    } | changed


def _json() -> Files:
    good = _say(account=CARDS[1], name=ARABIC)
    whole = json.dumps({"statements": [good, _say()]}, ensure_ascii=False)
    yield "900_good.json", whole.encode()
    yield "900_escaped.json", json.dumps({"statements": [_say(), good]}, indent=1).encode()
    for place, text in (("name", LATIN), ("arabic", ARABIC), ("card", CARDS[0]), ("payee", PAYEE)):
        at = whole.index(text) + 5
        yield f"900_cut_in_{place}.json", whole[:at].encode()
        yield f"900_quote_in_{place}.json", f'{whole[:at]}"{whole[at:]}'.encode()
        yield f"900_line_in_{place}.json", f"{whole[:at]}\n{whole[at:]}".encode()
        yield f"900_escape_in_{place}.json", f"{whole[:at]}\\q{whole[at:]}".encode()
    for key in (
        "org_id",
        "account",
        "name",
        "address",
        "statement_date",
        "currency",
        "opening",
        "transactions",
    ):
        for number, odd in enumerate((*ODD, [LATIN], {LATIN: CARDS[0]})):
            if key == "org_id" and odd == OTHER:
                continue  # one word is an organisation like any other: it names a folder
            told = json.dumps({"statements": [_say(**{key: odd}), good]})
            yield f"900_{key}{number}.json", told.encode()
    for key in ("date", "amount", "credit", "original_currency", "original_amount", "description"):
        for number, odd in enumerate((*ODD, [LATIN])):
            told = json.dumps([_say(row={key: odd}), good])
            yield f"900_row_{key}{number}.json", told.encode()
    for number, odd in enumerate(("Zorblaxine", *ODD)):
        yield f"900_key{number}.json", json.dumps([_say(**{odd: odd}), good]).encode()
        twice = json.dumps([good, _say()])[:-2] + f', "{odd}": 1, "{odd}": 2}}]'
        yield f"900_key_twice{number}.json", twice.encode()
        rejected = [{"account": odd, "line": 3, "message": f"the customer {odd} ({ARABIC}) has no account"}]
        yield f"900_rejected{number}.json", json.dumps({"statements": [good], "rejected": rejected}).encode()
    yield "900_shape.json", json.dumps({"account": "1", "statements": {LATIN: _say()}}).encode()
    yield "whose.json", json.dumps([_say(org_id=None)]).encode()
    lines = [json.dumps(good, ensure_ascii=False), json.dumps(_say(), ensure_ascii=False)]
    yield "900_good.jsonl", _join(*lines)
    yield "900_bad.jsonl", _join(lines[0], lines[1][:200], f'"{LATIN}"', f"{ARABIC} {CARDS[0]}", lines[1])


# --- mt940 ---

_MT940 = f""":20:{CARDS[0]}
:25:SAMPBHBM/{CARDS[0]}
:28C:9/1
:60F:C250901BHD1000,
:61:2509040905C500,000NTRF{CARDS[0]}//BANK-77
{OTHER}
:86:/TRTP/Transfer/NAME/Zorblaxine Quimbytko/REMI/{CARDS[0]} Grelmoth
:62F:C250930BHD1500,000
:86:Dear Zorblaxine
-
"""


def _mt940() -> Files:
    good = _MT940.replace("0015", "0023").replace("Zorblaxine", "Fnordwick")
    yield "900_good.sta", (good + _MT940).encode()
    changes = {
        "heading": (":20:", f"{LATIN}\n:20:"),
        "no_reference": (f":20:{CARDS[0]}\n", ""),
        "no_closing": (":62F:C250930BHD1500,000\n", ""),
        "twice": (":28C:9/1", ":28C:9/1\n:25:Zorblaxine"),
        "unknown_field": (":62F:", f":99Z:{LATIN}\n:62F:"),
        "other_kind": (":20:", f"{{1:F01SAMPBHBMAXXX0000000000}}{{2:O9422310}}{{4:\n:20:{LATIN}"),
        "page": (":28C:9/1", f":28C:{LATIN}"),
        "currency": ("C250930BHD", "C250930USD"),
    }
    for name, (before, after) in changes.items():
        yield f"900_{name}.sta", (_MT940.replace(before, after, 1) + good).encode()
    for number, odd in enumerate(ODD):
        for name, before in (
            ("25", f"SAMPBHBM/{CARDS[0]}"),
            ("60F", "C250901BHD1000,"),
            ("60F_amount", "1000,"),
            ("61", "2509040905C500,000NTRF"),
            ("61_amount", "500,000"),
            ("61_date", "250904"),
            ("62F", "C250930BHD1500,000"),
            ("62F_date", "250930BHD"),
            ("original", "BANK-77\n"),
        ):
            after = f"BANK-77\n/OCMT/{odd}/\n" if name == "original" else odd
            yield f"900_field{name}_{number}.sta", (_MT940.replace(before, after, 1) + good).encode()


# --- camt053 ---

_CAMT053 = f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>{CARDS[0]}</MsgId></GrpHdr>
<Stmt><Id>{CARDS[0]}</Id><StmtPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></StmtPgntn>
<Acct><Id><Othr><Id>{CARDS[0]}</Id></Othr></Id><Ccy>BHD</Ccy><Ownr><Nm>{LATIN}</Nm>
<PstlAdr><AdrLine>{ADDRESS[0]}</AdrLine></PstlAdr></Ownr></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="BHD">10.000</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2025-09-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="BHD">35.000</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2025-09-30</Dt></Dt></Bal>
<Ntry><Amt Ccy="BHD">25.000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2025-09-18</Dt></BookgDt><ValDt><Dt>2025-09-17</Dt></ValDt><NtryDtls><TxDtls>
<AmtDtls><InstdAmt><Amt Ccy="USD">66.00</Amt></InstdAmt></AmtDtls>
<RltdPties><Dbtr><Nm>{PAYEE}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{CARDS[0]}</Ustrd></RmtInf>
</TxDtls></NtryDtls></Ntry></Stmt>
"""
_CAMT053_END = f"""<Stmt>
<Acct><Id><Othr><Id>{CARDS[1]}</Id></Othr></Id><Ccy>BHD</Ccy><Ownr><Nm>{ARABIC}</Nm></Ownr></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="BHD">1.000</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2025-09-01</Dt></Dt></Bal></Stmt></BkToCstmrStmt></Document>
"""


def _camt053() -> Files:
    whole = _CAMT053 + _CAMT053_END
    account = f"<Acct><Id><Othr><Id>{CARDS[0]}</Id></Othr></Id>"
    changes = {
        "good": ("", ""),
        "cut_in_name": (whole[whole.index(LATIN) + 5 :], ""),
        "cut_in_arabic": (whole[whole.index(ARABIC) + 3 :], ""),
        "tag_in_name": (LATIN, "<Zorblaxine>Quimbytko"),
        "other_end": (f"{LATIN}</Nm>", f"{LATIN}</Quimbytko>"),
        "entity": (LATIN, "&Zorblaxine;"),
        "doctype": ("<Document", f'<!DOCTYPE Document [<!ENTITY n "{LATIN}">]><Document'),
        "attribute": ("<Nm>", "<Nm Zorblaxine=Quimbytko>"),
        "two_accounts": ("<Acct>", f"{account}</Acct><Acct>"),
        "root": ("<BkToCstmrStmt>", f"<Zorblaxine {LATIN}=''>"),
        "control": (LATIN, f"{LATIN}\u0085\u200b"),
        "no_encoding": ("UTF-8", "Zorblaxine"),
    }
    for name, (before, after) in changes.items():
        yield f"900_{name}.xml", whole.replace(before, after, 1).encode()
    yield "900_latin.xml", whole.encode("cp1256")
    for number, odd in enumerate(ODD):
        for name, before in (
            ("ccy", "<Ccy>BHD"),
            ("amount_ccy", '<Amt Ccy="BHD'),
            ("balance", '"BHD">35.000'),
            ("amount", '"BHD">25.000'),
            ("original", '"USD">66.00'),
            ("original_ccy", '"USD'),
            ("mark", "25.000</Amt><CdtDbtInd>CRDT"),
            ("status", "<Sts>BOOK"),
            ("balance_date", "<Dt>2025-09-30"),
            ("value_date", "<ValDt><Dt>2025-09-17"),
            ("page", "<PgNb>1"),
            ("code", "<Cd>CLBD"),
        ):
            end = max(before.rfind(sign) for sign in '>"') + 1
            yield f"900_{name}_{number}.xml", whole.replace(before, before[:end] + odd, 1).encode()


# --- fixed width ---

_FIXED = """10900     {card}        30092025BHD           100.000{name}
20900     {card}        Grelmoth Alley                Snibworth                     Riffa
30900     {card}        0109202502092025{name:36.36}         12.500DR
40900     {card}        Dear {name} {card}
90900     {card}                    12.500             0.000            87.500            87.500
"""


def _fixed() -> Files:
    one = _FIXED.format(card=CARDS[0], name=LATIN)
    good = _FIXED.format(card=CARDS[1], name=ARABIC)
    yield "900_good.fix", (one + good).encode()
    for shift in (-30, -20, -12, -4, 3, 9, 17):
        # As a line looks that lost or gained columns.
        shifted = [
            line[:20] + (" " * shift + line[20:] if shift > 0 else line[20 - shift :])
            for line in one.splitlines()
        ]
        yield f"900_shifted{shift}.fix", _join(*shifted, good)
    # A column that cuts a card number leaves digits that nobody can tell from others.
    for number, odd in enumerate(each for each in ODD if each in NAMES or len(each) <= 16):
        yield f"900_opening{number}.fix", (one.replace(f"{100:18.3f}", f"{odd:18.18}") + good).encode()
        yield f"900_account{number}.fix", (one.replace(CARDS[0], f"{odd:16.16}", 1) + good).encode()
    for number, odd in enumerate(NAMES):
        yield f"900_amount{number}.fix", (one.replace("         12.500DR", f"{odd:15.15}DR") + good).encode()
        yield f"900_date{number}.fix", (one.replace("01092025", f"{odd:8.8}") + good).encode()


# --- templates ---

# What each organisation's template is made of and how it is used: no place for rows, a bar code of the name,
# a font without its letters, a name that is no picture, a name that is no password.
TEMPLATES: Mapping[str, tuple[Mapping[str, str], Mapping[str, object]]] = {
    "910": ({"name": "text"}, {}),
    "911": ({"name": "ean13", "account": "qrcode"}, {"ignore_rows": True}),
    "912": ({"name": "text"}, {"ignore_rows": True, "missing_glyph": "error"}),
    "913": ({"name": "image"}, {"ignore_rows": True}),
    "914": ({"name": "text"}, {"ignore_rows": True, "password": {"field": "name"}}),
}


def write_folders(folder: Path) -> dict[str, str]:
    """Write the profiles and templates that the files need; return the settings that name them."""
    profiles, templates = folder / "profiles", folder / "templates"
    profiles.mkdir()
    templates.mkdir()
    (profiles / "strict.toml").write_text(
        'extends = "afs"\norganisations = ["901"]\non_bad_statement = "fail_file"\non_unbalanced = "fail"\n'
    )
    (profiles / "columns.toml").write_text('extends = "fixed"\nnames = ["*.fix"]\n')
    (profiles / "rows.toml").write_text('extends = "csv"\nnames = ["*.csv"]\n')
    entries: dict[str, object] = {}
    for org, (fields, entry) in TEMPLATES.items():
        drawn = [
            {"name": name, "type": kind, "position": {"x": 20, "y": 20 + 40 * at}, "width": 80, "height": 30}
            for at, (name, kind) in enumerate(fields.items())
        ]
        page = {"basePdf": {"width": 210, "height": 297, "padding": [10, 10, 10, 10]}, "schemas": [drawn]}
        (templates / f"{org}.json").write_text(json.dumps(page))
        entries[org] = {"template": f"{org}.json", **entry}
    (templates / "templates.yaml").write_text(json.dumps({"organisations": entries}))
    return {"PROFILES_DIR": str(profiles), "TEMPLATES_DIR": str(templates)}


def _templates() -> Files:
    """Files whose templates cannot hold them."""
    for org in TEMPLATES:
        for number, name in enumerate((*NAMES, f"{LATIN} \U00013000\ue000", CARDS[0])):
            rows = write_afs(org=org, name=name, card=CARDS[4], shop=name)
            more = [rows[2].replace("|01092025|", f"|{day:02}092025|", 1) for day in range(2, 9)]
            yield f"{org}_template{number}.txt", _join(*rows[:3], *more, rows[3])
