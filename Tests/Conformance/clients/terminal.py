#!/usr/bin/env python3
"""Chats with `weft run` in a terminal of its own, as a person would.

    terminal.py WEFT MODEL [OPTION...]

Prints what was seen where something is wrong; the exit status is 0 only if nothing is.
"""

import os
import pty
import select
import sys
import time


class Terminal:
    def __init__(self, command):
        self.text, self.read_from = "", 0
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.execvp(command[0], command)

    def wait_for(self, what, seconds=120):
        """Waits until `what` is written behind what was waited for before, and gives what stands before it."""
        end = time.monotonic() + seconds
        while what not in self.text[self.read_from:]:
            if time.monotonic() > end or not self.read(end - time.monotonic()):
                raise SystemExit(f"{what!r} was never written; there is: {self.text[-2000:]!r}")
        place = self.text.index(what, self.read_from)
        before = self.text[self.read_from:place]
        self.read_from = place + len(what)
        return before

    def wait_for_more(self):
        while len(self.text) == self.read_from:
            expect(self.read(120), "there is an answer")

    def read(self, seconds):
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.descriptor, 65536)
        except OSError:  # The program has ended.
            return False
        self.text += piece.decode(errors="replace")
        return bool(piece)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def status(self):
        while self.read(60):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


def expect(condition, what):
    if not condition:
        raise SystemExit(f"wrong: {what}")


def main():
    terminal = Terminal([sys.argv[1], "run", *sys.argv[2:], "--temperature", "0", "--max-tokens", "400"])
    terminal.wait_for(">>> ")
    terminal.type("What is the capital of France?\n")
    expect(len(terminal.wait_for(">>> ")) > 50, "there is an answer")
    # What was said is part of the conversation until it is forgotten.
    for line in ['"""', "Write a long", 'story about a dragon."""']:
        terminal.type(line + "\n")
        terminal.wait_for(line + "\r\n" if line.endswith('."""') else "... ")
    terminal.wait_for_more()
    terminal.type("\x03")
    terminal.wait_for("(stopped)")
    terminal.wait_for(">>> ")
    # Where nothing is said it does not end.
    terminal.type("\x03")
    terminal.wait_for("ends)")
    terminal.wait_for(">>> ")
    for command, answer in [("/clear", "forgotten"), ("/set system You are a pirate.", "is set"), ("/what", "no /what"),
                            ("/help", "/bye")]:
        terminal.type(command + "\n")
        terminal.wait_for(answer)
        terminal.wait_for(">>> ")
    terminal.type("\x04" if "--url" in sys.argv else "/bye\n")
    expect(terminal.status() == 0, "it ends well")
    print("a conversation went as it should")


if __name__ == "__main__":
    main()
