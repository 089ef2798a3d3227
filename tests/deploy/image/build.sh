#!/usr/bin/env bash
# Builds the image twice with buildah, without a daemon and without a registry of images: the base is made of Debian's
# packages and bears the name of the real one. Needs root, buildah and debootstrap. What lies in the real base, this
# does not show.
set -euo pipefail
cd "$(dirname "$0")/../../.."
python=3.11    # Debian 12's own
base=docker.io/library/python:$python-slim-bookworm

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$folder/root" >/dev/null
  ln -s /usr/bin/python3 "$folder/root/usr/local/bin/python"
  rm -rf "$folder"/root/var/cache/apt/* "$folder"/root/var/lib/apt/lists/*
  tar -C "$folder/root" -cf "$folder/root.tar" .
  made=$(buildah from scratch)
  buildah add --quiet "$made" "$folder/root.tar" / >/dev/null
  buildah commit --quiet --rm "$made" "$base" >/dev/null
fi

trusted=()
if [ -n "${PIP_CERT:-}" ]; then    # a package index behind an authority of one's own
  settings=$(mktemp)
  printf '[global]\ncert = /etc/ssl/index.pem\n' >"$settings"
  chmod 644 "$settings"
  trusted=(--volume "$PIP_CERT:/etc/ssl/index.pem:ro" --volume "$settings:/etc/pip.conf:ro")
fi

version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' service/__init__.py)
for tag in checked again; do
  buildah bud --quiet --isolation chroot --format docker --pull-never --no-cache --timestamp 0 "${trusted[@]}" \
    --build-arg PYTHON=$python --build-arg VERSION="$version" --tag "werwatch:$tag" .
done
