"""Find what was handed in: in folders, in flat downloads of Canvas and Moodle, and in archives of these."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from zipfile import is_zipfile

from gmmlab.course import LabError
from gmmlab.course.grade.handed_in import Handed, by_metadata, by_name, by_time
from gmmlab.course.grade.tree import MAX_FILES, MAX_MEMBERS, Archives, Stream, in_folder
from gmmlab.exercises.registry import notebooks

MAX_NOTEBOOKS = 100
"""Most notebooks of one student that are read."""

MAX_ARCHIVES = 20
"""Most archives of one student that are opened."""

MAX_NESTED = 3
"""Most archives that lie in one another."""

MAX_WHO = 5_000_000
"""Most bytes of the file in which Gradescope says whose the folders are."""

_WHOSE = "its name does not say whose it is: put it into a folder named after the student"
_ARCHIVE = re.compile(r"\.(zip|tgz|tar|tar[^.]*\.gz)$", re.I)
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)", re.S)
_ANONYMOUS = re.compile(r"(?P<name>anon_(?:LATE_)?[A-Za-z0-9]{5})_\d+_(?P<file>.+)")
_BLACKBOARD = re.compile(r".+_(?P<name>[^_]+)_attempt_\d{4}(?:-\d\d){3,5}(?:_(?P<file>.*)|\.\w+)", re.S)
_CLASSROOM = re.compile(r"(?!copy of |kopie von )(?P<name>[^_\d]+?) - (?P<file>.+)", re.I)
_GRADESCOPE = re.compile(r"(?P<name>submission_\d+)(?:\.\w+)*")
_COPY = re.compile(r"(copy of|kopie von|copie de|copia de|copia di)?[\W_]*", re.I)
_WHO = "submission_metadata.yml"
"""In which Gradescope says whose the folders are."""

_DOCUMENT = re.compile(r"\.(pdf|html?|7z|rar|docx?|odt|py|rtf)$", re.I)
_AGAIN = re.compile(r"([ _-]*(\(\d+\)|copy|kopie)|-\d+)+$", re.I)
_OF_LAB = re.compile(r"(\d+|notebooks?|data|earlier|gmm-?lab|(week|part|lab|unit|day)[ _-]?\d*)|\d\d_\w+", re.I)
_ATTEMPT = re.compile(r"attempt[ _-]?(\d[\d-]*)|-(\d{1,2})(?=(?:\.(?:ipynb|zip|tgz|tar|gz))+$)", re.I)


@dataclass(frozen=True)
class Student:
    """Who handed in: the name in the folder or file, and the number that an LMS put beside it."""

    name: str
    id: str = ""

    @property
    def key(self) -> str:
        """Name and number in one."""
        return f"{self.name}_{self.id}" if self.id else self.name


@dataclass(frozen=True)
class Found:
    """One file that was handed in, or what keeps it from being read.

    Attributes
    ----------
    student : Student or None
        None where neither folder nor file says whose it is.
    where : str
        The file, in words an instructor can follow: path, and path inside the archive.
    attempt : tuple
        Sorts the attempts of one student: number in the name, time of the file, name.
    way : tuple
        Leads to the file, through the archives that hold it.
    problem : str
        Why it cannot be graded; empty if it can be read.
    status : str
        What to call the problem: ``"missing"`` where there is no notebook at all.
    handed : Handed
        When it was handed in.
    """

    student: Student | None
    where: str
    attempt: tuple[int, float, str] = (0, 0.0, "")
    way: tuple = ()
    problem: str = ""
    status: str = "unreadable"
    handed: Handed = Handed()  # noqa: RUF009  (frozen)


def collect(
    submissions: Path,
    out: Path | None = None,
    aliases: Mapping[str, Student] = MappingProxyType({}),
    is_known: Callable[[Student], bool] | None = None,
) -> list[Found]:
    """List what was handed in.

    Parameters
    ----------
    submissions : Path
        A folder or an archive: a folder for each student, or flat files whose names begin with the student's.
    out : Path, optional
        Where results are written; if it lies inside, it is passed over.
    aliases : mapping of str to Student, optional
        Who is meant by a name under which something was handed in.
    is_known : callable, optional
        Whether a student is on the class list. Whose a flat file is that no known system named is not guessed then.

    Returns
    -------
    list of Found
        Also what cannot be read, each with its problem.

    Raises
    ------
    LabError
        If ``submissions`` is neither, cannot be read, or holds nothing that looks like a submission.
    """
    with Archives() as archives:
        found = list(_at_most(_Listing(archives, aliases, is_known).of_all(submissions, out)))
    if not found:
        raise LabError(
            f"There is no notebook in {submissions}. Expected are folders named after students with notebooks in "
            "them, notebooks whose names begin with the student's, or archives of these."
        )
    return found


def _at_most(found: Iterator[Found]) -> Iterator[Found]:
    counts: Counter[Student | None] = Counter()
    for each in found:
        counts[each.student] += 1
        if each.student is None or counts[each.student] <= MAX_NOTEBOOKS:
            yield each
        elif counts[each.student] == MAX_NOTEBOOKS + 1:
            yield replace(
                each, problem=f"more than {MAX_NOTEBOOKS} files were handed in; this and the rest were not read"
            )


class _Listing:
    """Lists what was handed in, for a class, for each student, and for each archive of a student."""

    def __init__(
        self, archives: Archives, aliases: Mapping[str, Student], is_known: Callable[[Student], bool] | None
    ) -> None:
        self._archives, self._aliases, self._is_known = archives, aliases, is_known
        self._opened: Counter[Student | None] = Counter()

    def of_all(self, submissions: Path, out: Path | None) -> Iterator[Found]:
        """List a folder or an archive on disk."""
        if not submissions.is_dir():
            if not (submissions.is_file() and (_kind(submissions.name) == "archive" or is_zipfile(submissions))):
                raise LabError(
                    f"{submissions} is neither a folder nor a .zip or .tar.gz file. "
                    "Give the folder that holds what was handed in."
                )
            yield from self._of_class(self._archives.members((partial(submissions.open, "rb"),)), submissions.name)
            return
        inside = out and out.resolve().parent == submissions.resolve() and out.name
        streams = [each for each in in_folder(submissions) if each.parts[0] != inside]
        downloads = self._downloads(streams)
        for each in downloads:
            yield from self._of_class(self._archives.members(each.way), each.name)
        yield from self._of_class([each for each in streams if each not in downloads], "")

    def _downloads(self, streams: list[Stream]) -> list[Stream]:
        """Return the archives in a folder if it holds no other files, and in them all is called as an LMS calls it.

        An archive that a student handed in is none: its names could be those of others.
        """
        files = [each for each in streams if len(each.parts) == 1 and _kind(each.name)]
        try:
            are = all(
                _kind(each.name) == "archive"
                and not (each.problem or _lms(each.name))
                and all(_lms(inner.parts[0]) for inner in self._archives.members(each.way))
                for each in files
            )
        except LabError:
            return []
        return files if are else []

    def _of_class(self, streams: list[Stream], where: str) -> Iterator[Found]:
        """List as many students as the names say."""
        above = _wrappers(streams, where)
        called = self._called(streams, above)
        groups: dict[Student | None, list[Stream]] = defaultdict(list)
        for each in streams:
            parts = each.parts[above:]
            in_folder = len(parts) > 1 or each.is_folder
            student = student_of(parts[0], in_folder) if parts else None
            student, handed = called.get(student.name, (student, None)) if student else (None, None)
            student = self._whose(parts[0], in_folder, student) if parts else None
            if parts and (in_folder or _kind(each.name) or _is_work(parts[0])):
                groups[student].append(each._replace(handed=handed or _handed(each, parts[0])))
            elif parts and _DOCUMENT.search(parts[0]):
                yield Found(None, _below(where, each.name), problem=f"it is no notebook, and {_WHOSE}")
        for student, group in groups.items():
            home = _below(where, "/".join(group[0].parts[: above + 1]))
            yield from list(self._of_student(student, group, where, home)) or [_missing(student, group, home)]

    def _whose(self, name: str, folder: bool, student: Student | None) -> Student | None:
        """Return who is meant, as the aliases say, or nobody where the name of a flat file would be a guess."""
        for each in (name, student.key if student else name):
            if each in self._aliases:
                return self._aliases[each]
        guessed = not (folder or _lms(name) or any(notebook in _stem(name) for notebook in notebooks()))
        return None if student and guessed and self._is_known and not self._is_known(student) else student

    def _called(self, streams: list[Stream], above: int) -> dict[str, tuple[Student, Handed | None]]:
        """Return whose the folders of Gradescope are, and when each was handed in, as the file beside them says."""
        files = [each for each in streams if each.parts[above:] == (_WHO,) and not each.problem]
        try:
            text = self._archives.read(files[0].way, MAX_WHO).decode("utf-8", "replace") if files else ""
        except LabError:
            return {}
        found = {}
        for entry in re.split(r"^(?=submission_\d+)", text, flags=re.M):
            names, numbers = (re.findall(rf"^[ -]*:{key}: *(.+?) *$", entry, re.M) for key in ("name", "sid"))
            # What several hand in together is nobody's until somebody says whose.
            if (folder := _GRADESCOPE.match(entry)) and len(names) == 1:
                student = Student(names[0].strip("'\""), "".join(numbers[:1]).strip("'\""))
                found[folder["name"]] = student, by_metadata(entry)
        return found

    def _of_student(self, student: Student | None, streams: list[Stream], where: str, home: str) -> Iterator[Found]:
        looked_at = [each for each in streams if (each.problem if each.is_folder else _kind(each.name))]
        if len(looked_at) > MAX_FILES or len(streams) > MAX_MEMBERS:
            yield Found(student, home, problem=f"it holds more than {MAX_FILES} files; the rest was not read")
        for each in looked_at[:MAX_FILES]:
            place = _below(where, each.name)
            if each.is_folder:
                yield Found(student, place, problem=each.problem)
            else:
                yield from self._file(student, each, place)

    def _file(self, student: Student | None, stream: Stream, where: str) -> Iterator[Found]:
        """List a notebook, or what is in an archive."""
        problem = stream.problem or ("" if student else _WHOSE)
        if problem or _kind(stream.name) == "notebook":
            attempt = _attempt(where, stream.when)
            yield Found(student, where, attempt, stream.way, problem, handed=stream.handed or Handed())
            return
        self._opened[student] += 1
        if len(stream.way) > MAX_NESTED:
            problem = f"more than {MAX_NESTED} archives lie in one another"
        elif self._opened[student] > MAX_ARCHIVES:
            problem = f"more than {MAX_ARCHIVES} archives were handed in; this one was not opened"
        else:
            try:
                inner = [each._replace(handed=stream.handed) for each in self._archives.members(stream.way)]
                yield from self._of_student(student, inner, where, where)
            except LabError as error:
                problem = str(error)
        if problem:
            yield Found(student, where, problem=problem)


def _wrappers(streams: list[Stream], where: str) -> int:
    """Return how many folders hold the whole class: programs pack all into one, and unpack into another."""
    above = 0
    while above < MAX_NESTED and len(tops := {each.parts[above] for each in streams if len(each.parts) > above}) == 1:
        top, inner = tops.pop(), [each for each in streams if len(each.parts) > above + 1]
        if not inner or any(len(each.parts) == above + 1 and not each.is_folder for each in streams):
            break
        names = [each.parts[above + 1] for each in inner if not each.is_folder and _kind(each.name)]
        folders = {each.parts[above + 1] for each in inner if len(each.parts) > above + 2 and _kind(each.name)}
        are_people = len(folders) > 1 and folders >= set(names) and not any(map(_OF_LAB.fullmatch, folders))
        are_of_lms = all(map(_lms, names)) and len({student_of(name) for name in names}) > 1
        again = {_AGAIN.sub("", name) for name in (_stem(where), *{each.parts[above + 1] for each in inner[:1]})}
        if not (_AGAIN.sub("", top) in again or are_people or are_of_lms):
            break
        above += 1
    return above


def _handed(stream: Stream, name: str) -> Handed:
    found = _lms(name)
    return by_name(name, bool(found and found.re in (_CANVAS, _ANONYMOUS))) or by_time(stream.when, stream.is_local)


def _missing(student: Student | None, streams: list[Stream], home: str) -> Found:
    others = ", ".join([each.parts[-1] for each in streams if not each.is_folder][:3])
    problem = f"no notebook was handed in{f', but {others}' if others else ''}"
    return Found(student, home, problem=problem, status="missing")


def _below(where: str, name: str) -> str:
    return f"{where}: {name}" if where else name


def _stem(name: str) -> str:
    return re.split(r"\.(?:ipynb|zip|json|tgz|tar)", name, maxsplit=1, flags=re.I)[0]


def name_of_feedback(where: str, page: str) -> str:
    """Return the name under which Canvas or Moodle takes a page back; nothing where the file has no name of theirs."""
    for part in re.split(r"[/\\]|: ", where):
        if found := _MOODLE.fullmatch(part):
            return f"{found['name'].replace('_', ' ')}_{found['id']}_assignfeedback_file_{page}"
        if found := _CANVAS.fullmatch(part) or _ANONYMOUS.fullmatch(part):
            return part[: found.start("file")] + page
    return ""


def _lms(name: str, folder: bool = False) -> re.Match | None:
    patterns = (
        (_MOODLE, _GRADESCOPE) if folder else (_MOODLE, _ANONYMOUS, _BLACKBOARD, _CANVAS, _GRADESCOPE, _CLASSROOM)
    )
    return next(filter(None, (pattern.fullmatch(name) for pattern in patterns)), None)


def _is_work(name: str) -> bool:
    """Whether a file that is no notebook was handed in, by the name that an LMS gave it."""
    match = _lms(name)
    return bool(match) and (match.re is not _CLASSROOM or bool(_DOCUMENT.search(name)))


def _kind(name: str) -> str:
    """Say what a file is by its name: notebooks that were renamed by a browser or a mail program still count."""
    low = name.lower()
    if _ARCHIVE.search(name):
        return "archive"
    return "notebook" if ".ipynb" in low or low.endswith(".json") else ""


def _attempt(where: str, when: float) -> tuple[int, float, str]:
    numbers = [int(re.sub(r"\D", "", a or b)[:18]) for a, b in _ATTEMPT.findall(where)]
    return max(numbers, default=0), when, where


def student_of(name: str, folder: bool = False) -> Student | None:
    """Say whose a folder or a flat file is, by its name.

    Known are ``doejane_LATE_123_456_work.ipynb`` and ``anon_AbC12_456_work.ipynb`` (Canvas),
    ``Jane Doe_123_assignsubmission_file_`` (Moodle), ``Lab_jdoe_attempt_2026-11-20-10-30-00_work.ipynb`` (Blackboard),
    ``Jane Doe - work.ipynb`` (Google Classroom), ``submission_123`` (Gradescope) and ``jane_03_fit_mixture.ipynb``; any
    other name of a folder is the student's, and of a file what stands before the first underscore.
    """
    if match := _lms(name, folder):
        return Student(match["name"].strip().replace("_LATE_", "_"), match.groupdict().get("id") or "")
    if folder:
        return Student(name)
    stem = _stem(name)
    for notebook in notebooks():
        before, found, _ = stem.partition(notebook)
        if found:
            return None if _COPY.fullmatch(before) else Student(before.rstrip("_- "))
    first = stem.split("_")[0].strip()
    return None if (_COPY.match(first) and _COPY.match(first)[1]) or not first else Student(first)
