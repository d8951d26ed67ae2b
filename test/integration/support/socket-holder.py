"""What systemd does for a socket-activated service: opens a port, keeps it, and starts programs that inherit it as
descriptor 3. Usage: socket-holder.py; prints the port; each line of input is a JSON array, the command of one more program,
whose pid is printed. Ends with its input, and its programs with it."""

import json
import os
import signal
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0), backlog=512)
print(listener.getsockname()[1], flush=True)
started = []
for line in sys.stdin:
    command = json.loads(line)
    pid = os.fork()
    if pid == 0:
        # Our input is not theirs: a program that makes it non-blocking would end our reading.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
        os.execvp(command[0], command)
    started.append(pid)
    print(pid, flush=True)
for pid in started:
    if os.waitpid(pid, os.WNOHANG)[0] == 0:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
