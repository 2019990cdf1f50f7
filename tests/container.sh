#!/usr/bin/env bash
# Builds the Containerfile with buildah, in a chroot and without an engine, and makes the default run in the image.
# Where docker.io does not answer, its base is made of Debian's packages: Debian 12 has the same Python 3.11.
# Needs root and: apt-get install --no-install-recommends buildah debootstrap
set -euo pipefail
cd "$(dirname "$0")/.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
BASE=$(awk '$1 == "FROM" {print $2}' Containerfile)
IMAGE=halogenator:test

make_base() {
    local root container
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates bookworm "$root" >/dev/null
    ln -sf python3 "$root/usr/bin/python"
    rm -f "$root"/usr/lib/python3.11/EXTERNALLY-MANAGED
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"  # what this machine trusts
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/pip.conf"
    container=$(buildah from scratch)
    buildah copy --quiet "$container" "$root" /
    buildah commit --quiet "$container" "$BASE"
    buildah rm "$container"
    rm -rf "$root"
}

buildah inspect --type image "$BASE" >/dev/null 2>&1 || timeout 120 buildah pull --quiet "$BASE" || make_base
buildah build --pull-never --network host --quiet --tag "$IMAGE" .
container=$(buildah from --pull-never "localhost/$IMAGE")
trap 'buildah rm "$container" >/dev/null' EXIT
in_image() { buildah run --user halogenator --workingdir /workdir "$container" -- "$@"; }
in_image snakemake --snakefile /opt/halogenator/Snakefile --cores 2
in_image halogenator verify results | tail -n 1
