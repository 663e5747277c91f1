"""Runs a program on a terminal of its own and answers each question at once. Prints its exit code and what was shown.

Usage: ask_on_a_terminal.py ANSWERS-FILE PROGRAM [ARGUMENT...]      (one answer a line)
"""

import json
import os
import pathlib
import pty
import select
import sys

answers = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
while select.select([terminal], [], [], 20)[0]:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
    if answers and shown.endswith(b": "):
        os.write(terminal, answers.pop(0).encode() + b"\n")
_, status = os.waitpid(child, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "shown": shown.decode()}))
