"""``bachbot listen serve`` as a process of its own."""

import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def serving(folder, *arguments, files=None):
    """Start the server at any free port.

    Parameters
    ----------
    folder : Path
        Of the test.
    *arguments
        Further arguments of the command.
    files : int, optional
        Number of files that the process may open. Default: as many as this one.

    Yields
    ------
    tuple of subprocess.Popen and str
        The process and its address; killed at the end if it still runs.
    """
    command = [sys.executable, "-m", "bachbot", "listen", "serve", str(folder), "--port", "0"]
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=None if files is None else lambda: _limit_files(files),
    )
    try:
        line = process.stdout.readline()
        if " at http" not in line:
            raise AssertionError(f"{line}{process.communicate(timeout=60)}")
        yield process, line.rsplit(" ", 1)[1].strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _limit_files(files):
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
