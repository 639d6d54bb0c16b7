#!/usr/bin/env bash
# `make compose-check` where there is no Docker and no image registry: a machine with Docker Engine and Compose in one privileged
# podman container, stand-ins of the images (ops/stand_ins), then ops/compose_check.py on it with a copy of the project as it stands.
# Whatever Docker makes lives in that container and its volume, and goes with them. Run as root.
#
#   ops/compose_machine.sh READY     READY makes podman work here, and the images localhost/debian:bookworm and :trixie
#   KEEP=1                           leaves the machine for a look: podman exec -it mandegar-compose-check-… bash
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
ready=$1
machine=mandegar-compose-check-$$
say() { echo "==> $(date +%T) $*" >&2; }

[[ -x $ready ]] || {
  echo "$ready is not here: it makes podman and Debian's base images. With Docker instead: python3 ops/compose_check.py" >&2
  exit 1
}
say "podman and Debian's base images"
"$ready"
RELEASE=trixie "$ready"
podman build --quiet --tag localhost/mandegar-docker-machine ops/stand_ins/machine >/dev/null

folder=$(mktemp -d)
away() {
  if [[ ${KEEP:-} ]]; then
    say "kept: $machine, $folder"
  else
    podman rm --force --time 5 --volumes "$machine" >/dev/null 2>&1 || true
    podman volume rm --force "$machine" >/dev/null 2>&1 || true
    rm -rf "$folder"
  fi
}
trap away EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory "$folder"

say "a sample company"
.venv/bin/mandegar sample --out "$folder/company" --customers "${CUSTOMERS:-500}" --months 14 \
  --until "$(date -d yesterday +%F)" >/dev/null

say "a machine with Docker: $machine"
podman run --detach --name "$machine" --privileged --cgroupns host --volume "$machine:/var/lib/docker" --volume "$folder:/mandegar" \
  --workdir /mandegar localhost/mandegar-docker-machine >/dev/null
on() { podman exec --interactive "$machine" "$@"; }
for _ in {1..60}; do
  on docker info >/dev/null 2>&1 && break
  sleep 0.5
done
on docker info >/dev/null || {
  podman logs --tail 30 "$machine" >&2
  exit 1
}

say "stand-ins of the images"
for release in bookworm trixie; do
  podman save --quiet "localhost/debian:$release" | on docker load --quiet >/dev/null
  on docker tag "localhost/debian:$release" "debian:$release"
done
for name in postgres:17 redis:7 busybox:1.37; do
  on docker build --quiet --tag "$name" --file "ops/stand_ins/${name%:*}/Containerfile" "ops/stand_ins/${name%:*}" >/dev/null
done
on docker build --quiet --tag apache/airflow:3.3.2-python3.11 --file ops/stand_ins/airflow/Containerfile . >/dev/null

cd "$root"
on env PYTHONUNBUFFERED=1 python3 ops/compose_check.py
