"""`winnow audit` on the terminal, as JSON and as a page."""

from __future__ import annotations

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from manifests.errors import JobError, UsageError
from manifests.files import join, write_bytes
from pipelines.audit import Audit, AuditOptions, TypeFound, audit, documents_of
from pipelines.change_views import block, plain, print_changes, table
from pipelines.changes import shortest, to_json
from pipelines.progress import Progress


def run_audit(out: str, options: AuditOptions, folder: str | None, *, quiet: bool) -> None:
    """Audit the build at `out`, print what was found, and write it to `folder` where one is named.

    Raises:
        UsageError: no build, or a method that is unknown or not installed.
        JobError: a shard could not be read; what the others hold has been printed and written.
    """
    progress = Progress(quiet=quiet)
    with progress.counted("audit", documents_of(out), "documents") as advance:
        found = audit(out, options, advance)
    print_changes(format_audit(found))
    if folder is not None:
        try:
            write_bytes(join(folder, "audit.json"), to_json(found).encode())
            write_bytes(join(folder, "audit.html"), render_audit(found).encode("utf-8", "replace"))
        except OSError as error:
            raise UsageError(f"--out {folder}: cannot be written ({error})") from error
        typer.echo(f"{join(folder, 'audit.html')}")
    if found.damaged:
        raise JobError(
            f"{len(found.damaged)} of the shards could not be read: {shortest(item.path for item in found.damaged)}; "
            f"`winnow manifest verify {out}` says what is wrong"
        )


def format_audit(found: Audit) -> Group:
    """Tables for a terminal: findings by type, then samples of each."""
    head = Text(
        f"{found.scanned:,} of {found.documents:,} documents, {found.characters:,} characters, method {found.method}: "
        f"{sum(row.findings for row in found.types):,} findings in {found.with_findings:,} documents"
    )
    counts = table("by type", ("type",), ("findings", "the first method misses", "both find", "documents"))
    for row in found.types:
        counts.add_row(
            plain(row.type),
            f"{row.findings:,}",
            f"{row.findings - row.known:,}",
            f"{row.known:,}",
            f"{row.documents:,}",
        )
    parts = [block(head)]
    if found.types:
        parts.append(block(counts))
    parts += [block(_samples(row)) for row in found.types if row.samples]
    parts += [Text(f"cannot be read: {item.path}: {item.problem}") for item in found.damaged]
    if found.types and not found.shown:
        parts.append(Text("values are masked; --show prints them"))
    return Group(*parts)


def _samples(row: TypeFound) -> Table:
    made = table(row.type, ("in context", "by", "document"), ())
    for sample in row.samples:
        context = " ".join(f"{sample.before[-30:]}\u27e6{sample.value}\u27e7{sample.after[:20]}".split())
        by = sample.why + (", find" if sample.known else "")
        made.add_row(plain(context), plain(by), plain(f"{sample.id} {sample.uri[:80]}"))
    return made


def render_audit(found: Audit) -> str:
    """The audit as one page that opens offline; everything from the documents is escaped."""
    from pipelines.report import environment

    return environment().get_template("audit.html.jinja").render(found=found)
