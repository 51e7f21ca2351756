"""Submissions that attack a grader of stored answers; each is made by code, none is kept."""

import base64
import gzip
import io
import json
import os
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course.grade.classroom import answer, cell_of, lab_notebook, to_bytes
from gmmlab.course.author.student_copies import remove_solutions
from gmmlab.exercises.feedback import ANSWER_MIME

SCRIPT = "\"><script>document.title='owned'</script><img src=x onerror=alert(1)>"
NAME = "work_03_fit_mixture.ipynb"
FULL, REST = 6, 4
"""Points of all answers, and of all but the attacked one, fit-2."""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes
    ----------
    name : str
        What is attacked with.
    student : str
        The folder that the attacker hands in.
    points : float or None
        What the honest answers in it earn; None where nothing can be judged.
    said : str
        Words that must stand in the attacker's status, flags or problems.
    write : callable
        Writes the submission into the folder.
    """

    name: str
    student: str
    points: float | None
    said: str
    write: Callable[[Path], None]


ATTACKS: list[Attack] = []


def attack(points: float | None, said: str, student: str | None = None) -> Callable:
    """Register a function that returns the content of a notebook, or writes into the folder that it gets."""

    def register(make: Callable) -> Callable:
        def write(folder: Path) -> None:
            made = make(folder) if make.__code__.co_varnames[:1] == ("folder",) else make()
            if made is not None:
                (folder / NAME).write_bytes(made if isinstance(made, bytes) else to_bytes(made))

        ATTACKS.append(Attack(make.__name__, student or make.__name__, points, said, write))
        return make

    return register


def payload(notebook: dict, exercise: str = "fit-2") -> dict:
    return cell_of(notebook, f"{exercise}-check")["outputs"][0]["data"][ANSWER_MIME]


def answering(*answers, exercise: str = "fit-2") -> dict:
    """Return an honest notebook but for the stored answer to one exercise."""
    notebook = lab_notebook()
    payload(notebook, exercise)["answers"] = list(answers)
    return notebook


def nested(depth: int) -> str:
    return '{"kind": "list", "items": [' * depth + "]}" * depth


def picture(width: int, height: int, extra: bytes = b"") -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"") + extra).decode()


def with_cell(kind: str, source: str, **rest) -> dict:
    notebook = lab_notebook()
    cell = {"cell_type": kind, "id": "added", "metadata": {}, "source": source}
    notebook["cells"].insert(3, cell | ({"outputs": [], "execution_count": None} | rest if kind == "code" else {}))
    return notebook


def archive(folder: Path, name: str, **members: bytes) -> None:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as made:
        for member, content in members.items():
            made.writestr(member, content)


# Forged answers and points


@attack(REST, "shows other points than the check gives: fit-2")
def forged_points():
    notebook = answer(lab_notebook(), "fit-2", "a")
    cell_of(notebook, "fit-2-check")["outputs"][0]["data"]["text/plain"] = ["1"]
    return notebook


@attack(REST, "shows other points than the check gives: fit-2")
def forged_points_beyond_all():
    notebook = answer(lab_notebook(), "fit-2", "a")
    payload(notebook).update(points=1000, lines=[{"points": 1000, "met": True}], status="right")
    cell_of(notebook, "fit-2-check")["outputs"][0]["data"]["text/plain"] = "1e9"
    return notebook


@attack(REST, "no answer stored: fit-2")
def forged_panel_without_answer():
    notebook = lab_notebook()
    del cell_of(notebook, "fit-2-check")["outputs"][0]["data"][ANSWER_MIME]
    return notebook


@attack(REST, "no answer stored: fit-2")
def answer_to_an_exercise_that_does_not_exist():
    notebook = lab_notebook()
    payload(notebook)["exercise"] = "fit-99"
    return notebook


@attack(REST, "no answer stored: fit-2")
def monkeypatched_check_numpy_and_json():
    patch = (
        "import gmmlab.exercises, json, numpy, pathlib, os\ngmmlab.exercises.judging = lambda p: 9\njson.loads = eval\n"
        "numpy.isclose = lambda *a: True\nopen('OWNED', 'w')\nos.system('touch OWNED ../honest-1/OWNED')"
    )
    notebook = with_cell("code", patch)
    cell_of(notebook, "fit-2-check")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    return notebook


@attack(FULL - 2, "function called on other inputs")
def forged_seed():
    notebook = lab_notebook()
    calls = payload(notebook, "fit-3")["answers"][0]
    calls["seed"], calls["results"] = 10**18, [{"kind": "float", "value": 0.0}] * 2
    return notebook


@attack(FULL, "answers by another version of the lab: fit-2")
def other_version():
    notebook = lab_notebook()
    payload(notebook)["lab"] = "99.0" + SCRIPT
    return notebook


# Payloads that are huge, deep, malformed


HOSTILE = {
    "no_kind": {},
    "unknown_kind": {"kind": "pickle", "data": "gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAVsc2FseJSFlFKULg=="},
    "number_for_answer": 7,
    "kind_is_a_list": {"kind": ["text"], "value": "c"},
    "text_is_a_dict": {"kind": "text", "value": {"c": "c"}},
    "dtype_object": {"kind": "array", "dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="},
    "dtype_is_a_list": {"kind": "array", "dtype": ["<f8"], "shape": [1], "data": "AAAAAAAAAAA="},
    "negative_shape": {"kind": "array", "dtype": "<f8", "shape": [-1], "data": "AAAAAAAAAAA="},
    "shape_beyond_data": {"kind": "array", "dtype": "<f8", "shape": [10**6, 10**6], "data": "AAAAAAAAAAA="},
    "many_axes": {"kind": "array", "dtype": "<f8", "shape": [1] * 70, "data": "AAAAAAAAAAA="},
    "base64_of_nothing": {"kind": "array", "dtype": "<f8", "shape": [1], "data": "!!"},
    "nan": {"kind": "float", "value": float("nan")},
    "infinity": {"kind": "float", "value": float("inf")},
    "script_in_text": {"kind": "text", "value": SCRIPT},
    "script_in_unknown": {"kind": "unknown", "what": SCRIPT},
    "script_in_error": {
        "kind": "calls", "seed": 0, "results": [{"kind": "raised", "error": SCRIPT, "message": SCRIPT}],
    },
    "lone_surrogate": {"kind": "text", "value": "\ud800"},
    "estimator_of_the_system": {"kind": "estimator", "class": "os.system", "params": {}, "fitted": {}},
    "estimator_with_other_attributes": {
        "kind": "estimator", "class": "KMeans", "params": {}, "fitted": {"predict": {"kind": "text", "value": "c"}},
    },
    "pipeline_of_nothing": {"kind": "pipeline", "steps": [["a", {"kind": "text", "value": "x"}], [{}, []]]},
    "unhashable_keys": {"kind": "dict", "items": [[{"kind": "list", "items": []}, {"kind": "int", "value": 1}]]},
    "axes_without_fields": {"kind": "axes", "fields": {"__class__": {"kind": "int", "value": 1}}},
    "table_larger_than_memory": {
        "kind": "table",
        "columns": [{"kind": "int", "value": j} for j in range(9_000)],
        "index": {
            "kind": "array", "dtype": "|u1", "shape": [700_000], "data": base64.b64encode(bytes(700_000)).decode(),
        },
        "data": [{"kind": "float", "value": 1.0}] * 9_000,
    },
    "three_megabytes": {"kind": "text", "value": "c" * 3_000_000},
    "a_million_items": {"kind": "list", "items": [{"kind": "constant", "value": None}] * 200_000},
    "nested_deeply": json.loads(nested(150)),
}  # fmt: skip

PLAINLY_WRONG = {"nan", "infinity", "script_in_text", "script_in_unknown", "script_in_error", "lone_surrogate"}
"""Answers that are whole, and wrong like any other: the student's page says so."""

for name, coded in HOSTILE.items():
    said = "ok" if name in PLAINLY_WRONG else "stored answer malformed: fit-2"
    ATTACKS.append(
        Attack(
            f"payload_{name}",
            f"payload_{name}",
            REST,
            said,
            lambda folder, coded=coded: (folder / NAME).write_bytes(to_bytes(answering(coded))),
        )
    )


@attack(REST, "shows other points than the check gives: fit-2")
def ten_thousand_answers():
    return answering(*[{"kind": "text", "value": "c"}] * 10_000)


@attack(FULL, "several different answers")
def malformed_answers_after_a_valid_one():
    notebook = lab_notebook()
    output = cell_of(notebook, "fit-2-check")["outputs"][0]
    bad = {**output, "data": {ANSWER_MIME: {"schema": 1, "exercise": "fit-2", "lab": "0.1.0", "answers": {"a": 1}}}}
    cell_of(notebook, "fit-2-check")["outputs"] += [bad] * 15
    return notebook


@attack(None, "names no exercise")
def nested_beyond_the_stack():
    return b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@attack(None, "names no exercise")
def number_of_a_million_digits():
    return b'{"nbformat": 4, "cells": [' + b"9" * 1_000_000 + b"]}"


@attack(REST, "stored answer malformed: fit-2")
def one_answer_of_five_thousand_digits():
    return to_bytes(answering({"kind": "int", "value": 12321})).replace(b"12321", b"7" * 5_000)


for depth in (200, 400, 460, 490, 600, 2_000, 100_000):

    @attack(REST, "stored answer malformed: fit-2", student=f"one answer {depth} deep")
    def one_answer_that_is_nested_deeply(depth=depth):
        hole = json.dumps("the hole").encode()
        return to_bytes(answering({"kind": "list", "items": ["the hole"]})).replace(hole, nested(depth).encode())


# Files that are no notebook


@attack(None, "the file is empty")
def empty_file():
    return b""


@attack(None, "not valid JSON")
def cut_off_file():
    return to_bytes(lab_notebook())[:100_000]


@attack(None, "not valid JSON")
def binary_file():
    return bytes(range(256)) * 100


@attack(None, "format 3")
def notebook_of_format_3():
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}


@attack(None, "but not a notebook")
def json_that_is_a_list():
    return b"[1, 2, 3]"


@attack(None, "names no exercise")
def notebook_of_another_course():
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": "1"}]}


@attack(FULL, "read as Windows-1252")
def not_utf_8():
    text = json.dumps(with_cell("markdown", "Fünf Vögel"), ensure_ascii=False)
    return text.encode("cp1252", errors="replace")


@attack(FULL, "saved as UTF-16")
def utf_16():
    return json.dumps(lab_notebook()).encode("utf-16")


@attack(None, "more than 25 MB")
def hundred_megabytes(folder):
    with (folder / NAME).open("wb") as file:
        file.truncate(100_000_000)


@attack(None, "cells; at most")
def a_hundred_thousand_cells():
    return {"nbformat": 4, "metadata": {}, "cells": [{}] * 100_000}


@attack(FULL, "ok")
def values_of_wrong_types():
    notebook = lab_notebook()
    notebook["cells"] += [None, 7, [], {"cell_type": [], "source": 7, "outputs": {}, "id": {}, "metadata": 3}]
    notebook["cells"] += [{"cell_type": "code", "source": ["a", 1, None], "outputs": [1, {"data": [], "metadata": ""}]}]
    notebook["metadata"]["kernelspec"] = 3
    return notebook


# Links and archives


@attack(None, "symbolic link")
def link_to_another_student(folder):
    (folder / NAME).symlink_to(folder.parent / "honest-1" / NAME)


@attack(None, "symbolic link")
def link_to_the_system(folder):
    (folder / NAME).symlink_to("/etc/passwd")


@attack(None, "no notebook was handed in")
def link_to_a_folder(folder):
    (folder / "all").symlink_to(folder.parent, target_is_directory=True)


if sys.platform != "win32":

    @attack(None, "not a regular file")
    def named_pipe(folder):
        os.mkfifo(folder / NAME)


@attack(FULL, "leads out of the archive")
def zip_slip(folder):
    good = to_bytes(lab_notebook())
    archive(
        folder,
        "work.zip",
        **{NAME: good, f"../../honest-1/{NAME}": good, "/tmp/OWNED.ipynb": good, "C:\\x.ipynb": good},
    )


@attack(FULL, "symbolic link")
def zip_with_a_link(folder):
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "work.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
        made.writestr(NAME, to_bytes(lab_notebook()))


@attack(None, "unpacked it has more than 25 MB")
def zip_bomb(folder):
    with zipfile.ZipFile(folder / "work.zip", "w", zipfile.ZIP_DEFLATED) as made, made.open(NAME, "w") as member:
        for _ in range(200):
            member.write(b" " * 1_000_000)


@attack(None, "cannot be read")
def zip_that_is_cut_off(folder):
    archive(folder, "whole.zip", **{NAME: to_bytes(lab_notebook())})
    whole = (folder / "whole.zip").read_bytes()
    (folder / "work.zip").write_bytes(whole[: len(whole) // 2])
    (folder / "whole.zip").unlink()


@attack(None, "cannot be read")
def zip_with_damaged_data(folder):
    archive(folder, "work.zip", **{NAME: to_bytes(lab_notebook())})
    damaged = bytearray((folder / "work.zip").read_bytes())
    damaged[5_000:6_000] = bytes(1_000)
    (folder / "work.zip").write_bytes(damaged)


@attack(None, "more than 1000 files")
def zip_of_many_files(folder):
    archive(folder, "work.zip", **{f"{j}.ipynb": b"" for j in range(2_000)})


@attack(FULL, "ok")
def zip_of_a_working_folder_with_an_environment_and_a_thousand_pictures(folder):
    inside = {f"lab/venv/lib/site-packages/gmmlab/lab/notebooks/{j}.ipynb": b"{}" for j in range(900)}
    inside |= {f"lab/venv/share/{j}.js": b"" for j in range(3_000)} | {"lab/venv/pyvenv.cfg": b"home = /usr"}
    inside |= {f"lab/.venv/lib/{j}.ipynb": b"" for j in range(2_000)}
    inside |= {f"lab/pictures/{j}.png": b"" for j in range(2_000)}
    archive(folder, "work.zip", **inside, **{f"lab/notebooks/{NAME}": to_bytes(lab_notebook())})


@attack(FULL, "ok")
def working_folder_with_an_environment(folder):
    for place in ("venv/share", "notebooks"):
        (folder / place).mkdir(parents=True)
    for j in range(1_100):
        (folder / "venv" / "share" / f"{j}.ipynb").write_bytes(b"")
    (folder / "venv" / "pyvenv.cfg").write_bytes(b"home = /usr")
    (folder / "notebooks" / NAME).write_bytes(to_bytes(lab_notebook()))


def tar(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    with tarfile.open(folder / "work.tar.gz", "w:gz") as made:
        for info, content in members:
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))


def member(name: str, **attributes: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


@attack(FULL, "leads out of the archive")
def tar_slip(folder):
    good = to_bytes(lab_notebook())
    names = (NAME, f"../../honest-1/{NAME}", "/tmp/OWNED.ipynb", "C:\\x.ipynb")
    tar(folder, *((member(name), good) for name in names))


@attack(FULL, "symbolic link")
def tar_with_links(folder):
    link = member("a.ipynb", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    hard = member("b.ipynb", type=tarfile.LNKTYPE, linkname=f"../honest-1/{NAME}")
    tar(folder, (link, b""), (hard, b""), (member(NAME), to_bytes(lab_notebook())))


@attack(None, "not a regular file")
def tar_with_a_device(folder):
    tar(folder, (member(NAME, type=tarfile.CHRTYPE, devmajor=1, devminor=5), b""))


@attack(None, "unpacked it has more than 100 MB")
def tar_bomb(folder):
    with gzip.open(folder / "work.tar.gz", "w", 1) as made:
        made.write(member(NAME, size=10**12).tobuf(tarfile.GNU_FORMAT))
        for _ in range(200):
            made.write(bytes(1_000_000))


@attack(None, "cannot be read")
def tar_whose_header_claims_more_memory_than_there_is(folder):
    header = member("pax", type=tarfile.XHDTYPE, size=2**60).tobuf(tarfile.GNU_FORMAT)
    with gzip.open(folder / "work.tar.gz", "w") as made:
        made.write(header + bytes(10_000))


@attack(None, "cannot be read")
def tar_of_headers_without_end(folder):
    with gzip.open(folder / "work.tar.gz", "w") as made:
        made.write(member("pax", type=tarfile.XHDTYPE, size=0).tobuf(tarfile.GNU_FORMAT) * 20_000)


@attack(None, "more than 1000 files")
def tar_of_many_files(folder):
    tar(folder, *((member(f"{j}.ipynb"), b"") for j in range(2_000)))


@attack(None, "archives lie in one another")
def archives_in_archives(folder):
    content = to_bytes(lab_notebook())
    for name in (NAME, "3.zip", "2.zip", "1.zip"):
        archive(folder, "work.zip", **{name: content})
        content = (folder / "work.zip").read_bytes()


@attack(FULL, "this and the rest were not read")
def many_files(folder):
    for j in range(150):
        (folder / f"{j}.ipynb").write_bytes(b"")
    (folder / "000.ipynb").write_bytes(to_bytes(lab_notebook()))


# Cells moved, copied, edited


@attack(FULL, "ok")
def check_cells_copied_with_their_ids():
    notebook = lab_notebook()
    notebook["cells"] += [cell_of(notebook, f"fit-{j}-check") for j in range(1, 4)] * 2
    for count, cell in enumerate((c for c in notebook["cells"] if c["cell_type"] == "code"), 1):
        cell["execution_count"] = count
    return notebook


@attack(FULL - 2, "no answer stored: fit-2")
def check_cell_deleted():
    notebook = lab_notebook()
    notebook["cells"].remove(cell_of(notebook, "fit-2-check"))
    return notebook


@attack(FULL - 2, "no answer stored: fit-2")
def check_cell_turned_into_markdown():
    notebook = lab_notebook()
    check = cell_of(notebook, "fit-2-check")
    check["cell_type"] = "markdown"
    del check["outputs"], check["execution_count"]
    return notebook


@attack(FULL, "check cell edited: fit-2")
def check_cell_edited():
    notebook = lab_notebook()
    cell_of(notebook, "fit-2-check")["source"] = 'check("fit-2", dict(full=3, tied=9, diag=6, spherical=10))'
    return notebook


@attack(FULL, "cells run out of order")
def check_cells_moved():
    notebook = lab_notebook()
    notebook["cells"].sort(key=lambda cell: not cell["id"].endswith("-check"))
    return notebook


@attack(FULL, "outputs older than the code: fit-2")
def answer_run_after_its_check():
    notebook = lab_notebook()
    cell_of(notebook, "fit-2-answer")["execution_count"] = 900
    return notebook


@attack(FULL, "outputs older than the code: fit-2")
def answer_taken_back_but_its_output_kept():
    notebook = lab_notebook()
    cell_of(notebook, "fit-2-answer")["source"] = "fit_2 = ...\n# YOUR CODE HERE"
    return notebook


@attack(FULL, "made by code that is not in the notebook: fit-2")
def answer_cell_overwritten_after_its_check():
    notebook = lab_notebook()
    cell_of(notebook, "fit-2-answer")["source"] = "asdf"
    return notebook


@attack(FULL, "made by code that is not in the notebook: fit-3")
def answer_cell_edited_after_its_check():
    notebook = lab_notebook()
    cell = cell_of(notebook, "fit-3-answer")
    cell["source"] = "".join(cell["source"]).replace("total += ", "total -= ")
    return notebook


@attack(FULL, "made by code that is not in the notebook: fit-1, fit-3")
def answer_cells_deleted():
    notebook = lab_notebook()
    for exercise in ("fit-1", "fit-3"):
        notebook["cells"].remove(cell_of(notebook, f"{exercise}-answer"))
    return notebook


@attack(FULL, "made by code that is not in the notebook: fit-2")
def outputs_of_a_friend_under_other_code():
    notebook = lab_notebook()
    friends = cell_of(answer(lab_notebook(), "fit-2", dict(full=3, tied=9, diag=6, spherical=10)), "fit-2-check")
    cell_of(notebook, "fit-2-check")["outputs"] = friends["outputs"]
    return notebook


@attack(FULL, "outputs older than the code: fit-1, fit-2, fit-3")
def outputs_of_a_friend_in_an_untouched_notebook():
    notebook = lab_notebook()
    for cell in notebook["cells"]:
        cell["source"] = remove_solutions("".join(cell["source"]), cell["id"])
    return notebook


@attack(FULL, "answers by another version of the lab: fit-2")
def answer_that_does_not_say_which_cell_gave_it():
    notebook = lab_notebook()
    del payload(notebook)["source"]
    return notebook


LOOKS = {
    "from_the_lessons": "from gmmlab.exercises.lessons import fit",
    "from_the_registry": "from gmmlab.exercises import check, exercises\nr = exercises()[8].form.answers()",
    "through_a_name": "import gmmlab.exercises as e\nr = e.form",
    "through_the_function": "right = check.__globals__['find']('fit-2')",
    "through_the_system": "import sys\nlessons = sys.modules['gmm' 'lab.exer' + 'cises.lessons.fit']",
    "by_its_own_name": "import importlib\nm = importlib.import_module(name)",
    "without_a_check": "display({'application/vnd.gmm' + 'lab.answer+json': stored}, raw=True)",
}  # fmt: skip

for name, source in LOOKS.items():
    ATTACKS.append(
        Attack(
            f"right_values_{name}",
            f"right_values_{name}",
            FULL,
            "code that looks behind the checks: cell 4",
            lambda folder, source=source: (folder / NAME).write_bytes(to_bytes(with_cell("code", source))),
        )
    )


@attack(FULL, "ok")
def metadata_and_ids_stripped():
    notebook = lab_notebook()
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    return notebook


@attack(FULL, "its metadata say 05_plot_mixture")
def metadata_of_another_notebook():
    notebook = lab_notebook()
    notebook["metadata"]["gmmlab"]["notebook"] = "05_plot_mixture"
    return notebook


@attack(FULL, "ok")
def renamed_by_the_browser(folder):
    (folder / "download (3).ipynb.txt").write_bytes(to_bytes(lab_notebook()))


@attack(FULL, "ok")
def modules_beside_the_notebook(folder):
    for name in ("numpy.py", "json.py", "sitecustomize.py", "gmmlab.py"):
        (folder / name).write_text("import os; os.system('touch OWNED'); raise SystemExit('owned')")
    return lab_notebook()


# What is shown


@attack(FULL, "ok", student="=cmd|' C calc'!A0")
def formula_for_a_name():
    return lab_notebook()


@attack(FULL, "ok", student="＝1+1")
def formula_of_full_width_for_a_name():
    return lab_notebook()


@attack(FULL, "ok", student=SCRIPT.replace("/", "∕"))
def script_for_a_name():
    return lab_notebook()


@attack(FULL, "ok", student="\u202egnp.txt\ntwo lines")
def name_that_turns_its_direction():
    return lab_notebook()


@attack(None, "the file is empty", student="-2+3")
def script_for_a_file_name(folder):
    (folder / (SCRIPT.replace("/", "∕") + ".ipynb")).write_bytes(b"")


@attack(FULL, "ok")
def script_in_markdown():
    links = "[a](javascript:alert(1)) [b](data:text/html,x) ![c](http://evil.example/x.png) <javascript:alert(1)>"
    html = "<iframe srcdoc='<script>alert(1)</script>'></iframe>\n\n<svg onload=alert(1)>\n\n<style>*{}</style>"
    table = f"| {SCRIPT} | b |\n|---|---|\n| <b>1</b> | `{SCRIPT}` |"
    return with_cell(
        "markdown", f"# {SCRIPT}\n\n{links}\n\n{html}\n\n{table}\n\n$$\n{SCRIPT}\n$$\n\n```{SCRIPT}\n{SCRIPT}\n```"
    )


@attack(FULL, "ok")
def script_in_outputs():
    data = {"text/html": SCRIPT, "text/plain": SCRIPT, "image/svg+xml": "<svg onload=alert(1)>", "image/jpeg": SCRIPT}
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": data},
        {
            "output_type": "display_data",
            "metadata": {"image/png": {"alt": SCRIPT}},
            "data": {"image/png": picture(9, 9)},
        },
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": SCRIPT}},
        {"output_type": "stream", "name": SCRIPT, "text": f"\x1b[31m{SCRIPT}\x1b[0m \u202e\0"},
        {"output_type": "error", "ename": SCRIPT, "evalue": SCRIPT, "traceback": [SCRIPT, None, 3]},
        {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": "alert(1)"}},
    ]
    return with_cell("code", SCRIPT, outputs=outputs)


@attack(FULL, "ok")
def pictures_that_are_bombs():
    pictures = [picture(60_000, 60_000), picture(9, 9, b"<script>"), picture(9, 9)[:-8], "A" * 6_000_000]
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": p}} for p in pictures]
    return with_cell("code", "1", outputs=outputs)


@attack(FULL, "ok")
def markdown_that_takes_long():
    notebook = lab_notebook()
    for j, bad in enumerate(
        ("[" * 9_000, "*_" * 4_500, "![](" * 2_000, "`" * 9_000, "> " * 4_000 + "x", "<a " * 3_000)
    ):
        notebook["cells"].append({"cell_type": "markdown", "id": f"m{j}", "metadata": {}, "source": bad})
    return notebook


@attack(FULL, "ok")
def twenty_megabytes_of_output():
    return with_cell("code", "print", outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 20_000_000}])


@attack(None, "no notebook was handed in, but report.pdf")
def no_notebook_at_all(folder):
    (folder / "report.pdf").write_bytes(b"%PDF")


@attack(None, "missing")
def empty_folder(folder):
    assert not list(folder.iterdir())
