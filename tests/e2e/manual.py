# SPDX-License-Identifier: Apache-2.0
"""Pages of the manual as things to do.

    ```console              commands behind `$ `, more lines of one behind `> `, and what they print
    ```console terminal=2   the same in another terminal; its last command may run on
    ```yaml NAME            the file NAME, written where the commands run

A console block that begins without `$ ` goes on with what the command that runs
in that terminal prints. `...` stands for anything within a line, and alone on a
line for any number of lines. Blanks count as one.
"""
import re


class Step:
    """One command, or (command = None) more of the output of the one that runs."""

    def __init__(self, line, terminal, command):
        self.line = line
        self.terminal = terminal
        self.command = command
        self.expected = []


class File:
    def __init__(self, line, name, text):
        self.line = line
        self.name = name
        self.text = text


def blocks(text):
    """(line number of the first line inside, info string, lines)"""
    info, inside = None, []
    for number, line in enumerate(text.splitlines(), 1):
        if info is None and line.startswith("```"):
            info, inside, first = line[3:].strip(), [], number + 1
        elif info is not None and line.rstrip() == "```":
            yield first, info, inside
            info = None
        elif info is not None:
            inside.append(line)
    assert info is None, f"the block of line {first} does not end"


def steps_of_block(first, terminal, lines):
    steps = []
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            steps.append(Step(number, terminal, line[2:]))
        elif line.startswith("> ") and steps and steps[-1].command and not steps[-1].expected:
            steps[-1].command += "\n" + line[2:]
        else:
            if not steps:
                steps.append(Step(number, terminal, None))
            steps[-1].expected.append(line)
    return steps


def steps(text):
    todo = []
    for first, info, lines in blocks(text):
        words = info.split()
        if words[:1] == ["console"]:
            terminal = dict(w.split("=", 1) for w in words[1:]).get("terminal", "1")
            todo += steps_of_block(first, terminal, lines)
        elif len(words) == 2 and words[0] == "yaml":
            todo.append(File(first, words[1], "".join(line + "\n" for line in lines)))
    return todo


def matches(expected, text, is_whole):
    """Whether the lines are what was printed. With is_whole false more may follow."""
    want = []
    for line in expected:
        if line.strip() == "...":
            want.append(r"(?:.*\n)*?")
        else:
            parts = [r"[ \t]+".join(map(re.escape, re.split(r"[ \t]+", part)))
                     for part in re.split(r"\.\.\.(?!\.)", line.strip())]
            want.append(r"[ \t]*" + ".*?".join(parts) + r"[ \t]*\n")
    if text and not text.endswith("\n"):
        text += "\n"
    found = re.match("".join(want), text) if not is_whole else re.fullmatch("".join(want), text)
    return found is not None


def links(text):
    """Targets of links in prose, without those in blocks."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose)


def anchors(text):
    """Names of headings as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-")
            for h in re.findall(r"^#+ (.*)$", text, re.M)}
