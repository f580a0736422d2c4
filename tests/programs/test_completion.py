# SPDX-License-Identifier: Apache-2.0
"""Shell completion, as the shells themselves do it: bash and zsh get keys on a terminal, fish is asked.

    line typed --shell, tools/completion/trba.SHELL--> what the shell would put in the place of the last word
"""

import os
import pty
import re
import select
import shutil
import subprocess

import pytest
from conftest import SOURCE_DIR
from test_strdemo_options import help_names

COMPLETION = SOURCE_DIR / "tools" / "completion"
LONGEST_ANSWER_S = 60
# Keys: insert all that is offered; print the line; empty it.
INSERT_ALL, SHOW, CLEAR = b"\x1b*", b"\x14", b"\x15"
PROMPT = b"ready> "
BASH_KEYS = r"""
source "$TRBA_COMPLETION/trba.bash"
bind -x '"\C-t": printf "%s\n" "$READLINE_LINE" >&$TRBA_ANSWERS'
"""
# _all_matches is zsh's own completer that inserts all.
ZSH_KEYS = r"""
fpath=($TRBA_COMPLETION $fpath)
autoload -U compinit && compinit -u -D
zle -C insert-all complete-word _generic
zstyle ':completion:insert-all:*' completer _all_matches _complete
zstyle ':completion:insert-all:*' insert true
show() { print -r -u $TRBA_ANSWERS -- "$BUFFER" }
zle -N show
bindkey -e '^[*' insert-all '^T' show
"""


class Terminal:
    """An interactive shell on a terminal; its answers come over a pipe of their own."""

    def __init__(self, command, startup, environment, folder):
        self.keyboard, theirs = pty.openpty()
        self.answers, answers_in = os.pipe()
        environment = {**environment, "TERM": "dumb", "TRBA_ANSWERS": str(answers_in)}
        startup_file = os.path.join(environment["TRBA_COMPLETION"], "startup")
        with open(startup_file, "w", encoding="utf-8") as file:
            file.write(f"{startup}PS1='{PROMPT.decode()}'\n")
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, pass_fds=[answers_in],
                                        env=environment, cwd=folder, start_new_session=True)
        os.close(theirs)
        os.close(answers_in)
        os.write(self.keyboard, f". {startup_file}\n".encode())
        self.wait_for_prompt()

    def wait_for_prompt(self):
        """Keys that come before the shell takes the terminal over would be lost; then it writes the prompt."""
        shown = b""
        while PROMPT not in shown:
            ready, _, _ = select.select([self.keyboard], [], [], LONGEST_ANSWER_S)
            assert ready, f"the shell does not start: {shown!r}"
            shown += os.read(self.keyboard, 65536)

    def offers(self, line):
        os.write(self.keyboard, line.encode() + INSERT_ALL + SHOW + CLEAR)
        answer = b""
        while not answer.endswith(b"\n"):
            # What the shell draws must be taken away, or it waits.
            ready, _, _ = select.select([self.answers, self.keyboard], [], [], LONGEST_ANSWER_S)
            assert ready, f"the shell does not answer to {line!r}"
            for source in ready:
                chunk = os.read(source, 65536)
                answer += chunk if source == self.answers else b""
        kept = re.match(r".*[ =]", line).group()
        shown = answer.decode().rstrip("\n")
        assert shown.startswith(kept), f"{line!r} became {shown!r}"
        return shown[len(kept):].split() if shown != line else []

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.keyboard)
        os.close(self.answers)


class Fish:
    """fish says what it offers."""

    def __init__(self, environment, folder):
        self.options = {"env": {**environment, "HOME": str(folder)}, "cwd": folder, "text": True, "check": True}

    def offers(self, line):
        script = "set -p fish_complete_path $TRBA_COMPLETION; complete --do-complete $argv[1]"
        done = subprocess.run(["fish", "--no-config", "-c", script, line], capture_output=True, **self.options)
        assert done.stderr == ""
        return [answer.partition("\t")[0] for answer in done.stdout.splitlines()]

    def close(self):
        pass


def start_shell(name, environment, folder):
    if name == "fish":
        return Fish(environment, folder)
    if name == "zsh":
        return Terminal(["zsh", "-f", "-i"], ZSH_KEYS, environment, folder)
    return Terminal(["bash", "--norc", "--noprofile", "-i"], BASH_KEYS, environment, folder)


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request, strdemo, trba, tmp_path_factory):
    """A shell in a folder with the files word.png and words.list, with the programs on its PATH."""
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param} here")
    folder = tmp_path_factory.mktemp(request.param)
    completion = tmp_path_factory.mktemp("completion")
    for source, name in (("bash", "trba.bash"), ("zsh", "_trba"), ("fish", "trba.fish"), ("fish", "strdemo.fish")):
        shutil.copy(COMPLETION / f"trba.{source}", completion / name)
    for name in ("word.png", "words.list"):
        (folder / name).touch()
    path = os.pathsep.join([os.path.dirname(strdemo.path), os.path.dirname(trba.path), os.environ["PATH"]])
    shell = start_shell(request.param, {**os.environ, "PATH": path, "TRBA_COMPLETION": str(completion)}, folder)
    yield shell
    shell.close()


def offered_options(shell, line):
    """The long options; zsh writes the = of those that take a value, too."""
    return {option.rstrip("=") for option in shell.offers(line) if option.startswith("--")}


def choices_in_help(text):
    """{option: [words]} of the options whose value is one of a few words."""
    found = re.findall(r"^  (?:-\w, |    )--([\w-]+) ([a-z]\S*|\S+\|\S+)", text, re.MULTILINE)
    return {name: words.split("|") for name, words in found}


# test_strdemo_options.py holds the help against the tables and the manual.
def test_every_option_in_the_help_of_strdemo_is_offered(shell, strdemo):
    names = help_names(strdemo.run("--help").stdout)
    assert len(names) > 30
    assert offered_options(shell, "strdemo --") == {f"--{name}" for name in names}
    assert offered_options(shell, "strdemo word.png --sens") == {"--sensitive"}


@pytest.mark.parametrize("command", ["info", "compare", "convert", "eval", "charsets"])
def test_every_option_in_the_help_of_a_command_is_offered(shell, trba, command):
    names = help_names(trba.run(command, "--help").stdout)
    assert "help" in names
    assert offered_options(shell, f"trba {command} --") == {f"--{name}" for name in names}


def test_every_choice_of_strdemo_is_offered(shell, strdemo):
    choices = choices_in_help(strdemo.run("--help").stdout)
    assert {"format", "cpu", "precision", "preset", "compat", "rotate", "exif", "alpha",
            "Transformation"} <= set(choices)
    assert choices["cpu"] == ["auto", "ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx"]
    assert choices["compat"] == ["clovaai"]
    for name, words in choices.items():
        assert sorted(shell.offers(f"strdemo --{name} ")) == sorted(words), name


def test_every_choice_of_a_command_is_offered(shell, trba):
    choices = choices_in_help(trba.run("convert", "--help").stdout)
    assert set(choices) == {"dtype", "format"}
    for name, words in choices.items():
        assert sorted(shell.offers(f"trba convert --{name} ")) == sorted(words), name


def test_choices_behind_a_letter_and_behind_an_equals_sign(shell):
    assert sorted(shell.offers("strdemo -f t")) == ["table", "tsv"]
    joined = shell.offers("strdemo --format=t")
    assert sorted(word.removeprefix("--format=") for word in joined) == ["table", "tsv"]


def test_alphabets_and_files_are_offered_for_charset(shell, trba):
    names = [line.split()[0] for line in trba.run("charsets").stdout.splitlines()[1:]]
    assert len(names) > 20 and "printable94" in names
    assert set(names) | {"word.png"} <= set(shell.offers("strdemo --charset "))
    assert shell.offers("strdemo --charset pri") == ["printable94"]
    assert sorted(shell.offers("trba charsets ")) == sorted(names)


def test_files_are_offered_where_files_belong(shell):
    for line in ("strdemo ", "strdemo --output ", "strdemo -m ", "strdemo --image_folder ", "trba info ",
                 "trba eval --root ", "trba eval --eval_data ", "strdemo --output="):
        offers = [word.removeprefix("--output=") for word in shell.offers(line)]
        assert sorted(offers) == ["word.png", "words.list"], line


def test_nothing_is_offered_for_numbers_and_behind_two_dashes(shell):
    assert shell.offers("strdemo --threads ") == []
    assert shell.offers("strdemo -- --fo") == []


def test_a_list_is_offered_behind_the_at_sign(shell):
    if isinstance(shell, Fish):
        pytest.skip("fish completes no word that begins with @")
    assert [word.lstrip("\\") for word in shell.offers("strdemo @words")] == ["@words.list"]


def test_every_command_of_trba_is_offered(shell, trba):
    commands = re.findall(r"^  ([a-z]+)  ", trba.run("help").stdout, re.MULTILINE)
    assert {"info", "compare", "convert", "eval", "charsets"} <= set(commands)
    assert [word for word in sorted(shell.offers("trba ")) if word[0] != "-"] == sorted(commands)
    assert offered_options(shell, "trba -") == {"--help", "--version"}
