# SPDX-License-Identifier: MIT
"""What the measurements share: the C programs, an nginx that only passes on, memory, medians, tables."""

import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from grove.paths import ROOT  # noqa: E402
from grove.ports import free_port  # noqa: E402
from grove.wait import wait_until  # noqa: E402

HERE = pathlib.Path(__file__).parent
BUILD = ROOT / "build/bench"


def program(name):
    """Compiles tests/bench/NAME.c when it changed."""
    source, built = HERE / f"{name}.c", BUILD / name
    BUILD.mkdir(parents=True, exist_ok=True)
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", source, "-o", built], check=True)
    return built


def answers(port):
    return subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], check=False, capture_output=True).returncode == 0


class Upstream:
    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen([program("upstream"), str(self.port)])
        wait_until(lambda: answers(self.port), "the upstream to listen")

    def close(self):
        self.process.kill()
        self.process.wait()


class PlainNginx:
    """nginx with proxy_pass to the upstream and the house's own settings for it: what we are compared with."""

    def __init__(self, upstream_port):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="grove-bench-nginx-")
        path = self.folder.name
        pathlib.Path(path, "nginx.conf").write_text(f"""
daemon off; pid {path}/pid; error_log stderr; worker_processes 2; {"user root;" if pathlib.Path(path).owner() == "root" else ""}
events {{ worker_connections 4096; }}
http {{
  access_log {path}/access.log;
  client_body_temp_path {path}/a; proxy_temp_path {path}/b; fastcgi_temp_path {path}/c; scgi_temp_path {path}/d; uwsgi_temp_path {path}/e;
  upstream provider {{ server 127.0.0.1:{upstream_port}; keepalive 32; keepalive_requests 100000; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-e", "stderr", "-p", path, "-c", f"{path}/nginx.conf"], stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), "nginx to listen")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def pss_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])


def request_bytes(path, model, token=None, **fields):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Say something about foxes."}], **fields},
                      separators=(",", ":")).encode()
    auth = f"Authorization: Bearer {token}\r\n" if token else ""
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{auth}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def streams(port, concurrent, total, request):
    """Runs tests/bench/streams and returns what it measured."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(request)
        file.flush()
        result = subprocess.run([program("streams"), str(port), str(concurrent), str(total), file.name], check=True, capture_output=True,
                                text=True, timeout=300)
    return json.loads(result.stdout)


def wrk(port, path, request, connections, seconds):
    """Runs wrk with one request's headers and body; returns requests a second and latencies in ms."""
    head, _, body = request.partition(b"\r\n\r\n")
    headers = [line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:] if not line.startswith((b"Host", b"Content-Length"))]
    script = "wrk.method = 'POST'\n" + f"wrk.body = {json.dumps(body.decode())}\n"
    script += "".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in headers)
    script += """
done = function(summary, latency, requests)
  local errors = summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.connect + summary.errors.timeout
  io.write(string.format('{"requests": %d, "microseconds": %d, "errors": %d, "p50": %f, "p99": %f}\\n',
    summary.requests, summary.duration, errors, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        output = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", file.name, f"http://127.0.0.1:{port}{path}"],
                                check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    result = json.loads(output.strip().splitlines()[-1])
    assert result["errors"] == 0, output
    return result | {"per_second": result["requests"] / (result["microseconds"] / 1e6)}


def spread(values, digits=2):
    """Median and range of some rounds."""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f} … {max(values):.{digits}f}]"


def table(heading, columns, rows):
    print(f"\n### {heading}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
