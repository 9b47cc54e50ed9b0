"""The commands that start an agent of a location, as its page and docs/operations.md show them. Pure.

On the page they contain the enrolment, so that one paste is enough; in the document they read it from its file.
"""

from __future__ import annotations

from typing import NamedTuple

_DEBIAN_BEFORE = """
apt-get update
apt-get install -y --no-install-recommends git python3-venv openssl curl
git clone --branch main YOUR_REPOSITORY /opt/mailprobe
python3 -m venv /opt/mailprobe/venv
cd /opt/mailprobe
PART=agent
venv/bin/python -m pip install --only-binary :all: --require-hashes \\
  -r deploy/docker/$PART.lock -r deploy/docker/build.lock
venv/bin/python -m pip install --no-deps --no-build-isolation .
"""
_DEBIAN_START = """
install -d -m 700 /etc/mailprobe
{secret}
cp /opt/mailprobe/deploy/systemd/mailprobe-agent@.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable --now mailprobe-agent@{code}
"""
_DEBIAN_AGAIN = """
{secret}
systemctl restart mailprobe-agent@{code}
"""

# 10001 is the user of the image (deploy/docker/agent.Dockerfile).
_DOCKER_BEFORE = """
git clone --branch main YOUR_REPOSITORY /opt/mailprobe
cd /opt/mailprobe
docker build --file deploy/docker/agent.Dockerfile --tag mailprobe-agent .
"""
_DOCKER_START = """
install -d -m 700 /etc/mailprobe
install -d -m 700 -o 10001 /var/lib/mailprobe-{code}
{secret}
chown 10001 /etc/mailprobe/{code}.agent
docker run --detach --name mailprobe-{code} --restart unless-stopped --init \\
  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true \\
  --volume /etc/mailprobe/{code}.agent:/run/secrets/enrolment:ro --volume /var/lib/mailprobe-{code}:/state \\
  --env MAILPROBE_ENROLMENT=/run/secrets/enrolment --env MAILPROBE_STATE_FOLDER=/state \\
  mailprobe-agent
"""
_DOCKER_AGAIN = """
{secret}
chown 10001 /etc/mailprobe/{code}.agent
docker restart mailprobe-{code}
"""

_KUBERNETES_BEFORE = """
git clone --branch main YOUR_REPOSITORY mailprobe
cd mailprobe
docker build --file deploy/docker/agent.Dockerfile --tag YOUR_REGISTRY/mailprobe-agent .
docker push YOUR_REGISTRY/mailprobe-agent
"""
_KUBERNETES_GIVE = """\
kubectl create secret generic mailprobe-{code} --from-file=enrolment=/dev/stdin --dry-run=client --output yaml \\
  {given} | kubectl apply --filename -{text}"""
_KUBERNETES_START = """
{secret}
kubectl apply --filename - <<'END'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: mailprobe-{code}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: mailprobe-{code}}}
  template:
    metadata:
      labels: {{app: mailprobe-{code}}}
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: agent
          image: YOUR_REGISTRY/mailprobe-agent
          env:
            - {{name: MAILPROBE_ENROLMENT, value: /run/secrets/mailprobe/enrolment}}
            - {{name: MAILPROBE_STATE_FOLDER, value: /state}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
          volumeMounts:
            - {{name: enrolment, mountPath: /run/secrets/mailprobe, readOnly: true}}
            - {{name: state, mountPath: /state}}
            - {{name: tmp, mountPath: /tmp}}
      volumes:
        - name: enrolment
          secret: {{secretName: mailprobe-{code}, defaultMode: 0440}}
        - name: state
          emptyDir: {{}}
        - name: tmp
          emptyDir: {{}}
END
"""
_KUBERNETES_AGAIN = """
{secret}
kubectl rollout restart deployment mailprobe-{code}
"""

_CHECKOUT = """
{secret}
.venv/bin/mailprobe-agent run --enrolment var/{code}.agent
"""

# A shell writes its history when it ends, so this line anywhere in a paste is enough.
_NO_HISTORY = "unset HISTFILE   # so that this shell does not keep the secrets below\n"


TRIAL = "checkout"
"""The key of the platform on which an agent is tried out, on the machine of `make run`."""


class Platform(NamedTuple):
    """How agents run on one platform: `before` is done once on each machine, `start` begins the first agent, and
    `again` gives running agents a new enrolment. `note` says what must be there.
    """

    key: str
    name: str
    note: str
    before: str
    start: str
    again: str


def platforms(code: str, enrolment: str | None = None) -> list[Platform]:
    """Where agents run, the most usual first. Without an enrolment the commands read the file `CODE.agent` at home."""
    installed = _written(f"/etc/mailprobe/{code}.agent", code, enrolment)
    checkout = _filled(_CHECKOUT, code, _written(f"var/{code}.agent", code, enrolment))
    kubernetes = _created(code, enrolment)
    return [
        Platform(
            key="debian",
            name="Debian",
            note="As root, on a machine with Debian, Ubuntu or another system with systemd and Python 3.11 or newer.",
            before=_DEBIAN_BEFORE.strip(),
            start=_filled(_DEBIAN_START, code, installed),
            again=_filled(_DEBIAN_AGAIN, code, installed),
        ),
        Platform(
            key="docker",
            name="Docker",
            note="As root, on a machine with Docker.",
            before=_DOCKER_BEFORE.strip(),
            start=_filled(_DOCKER_START, code, installed),
            again=_filled(_DOCKER_AGAIN, code, installed),
        ),
        Platform(
            key="kubernetes",
            name="Kubernetes",
            note="Where kubectl reaches your cluster. Put the address of your registry in the place of YOUR_REGISTRY.",
            before=_KUBERNETES_BEFORE.strip(),
            start=_filled(_KUBERNETES_START, code, kubernetes),
            again=_filled(_KUBERNETES_AGAIN, code, kubernetes),
        ),
        Platform(
            key=TRIAL,
            name="The folder of make run, to try it out",
            note="In the folder in which make run was typed. The agent runs until you press Ctrl and C.",
            before="",
            start=checkout,
            again=checkout,
        ),
    ]


def _filled(commands: str, code: str, secret: str) -> str:
    return commands.strip().format(code=code, secret=secret)


def _written(path: str, code: str, enrolment: str | None) -> str:
    """Commands that put the enrolment into a file that only its owner may read."""
    if enrolment is None:
        return f"install -m 600 ~/{code}.agent {path}"
    return f"{_NO_HISTORY}(umask 077; cat >{path}) <<'END'\n{enrolment.strip()}\nEND"


def _created(code: str, enrolment: str | None) -> str:
    """Commands that put the enrolment into a secret of the cluster."""
    if enrolment is None:
        return _KUBERNETES_GIVE.format(code=code, given=f"<~/{code}.agent", text="")
    text = f"\n{enrolment.strip()}\nEND"
    return _NO_HISTORY + _KUBERNETES_GIVE.format(code=code, given="<<'END'", text=text)
