#!/usr/bin/env bash
# Builds the Containerfile with buildah, in a chroot and without an engine, and makes the default run in the image.
# Where docker.io does not answer, its base is made of Debian's packages: Debian 12 has the same Python 3.11.
# Needs root and: apt-get install --no-install-recommends buildah debootstrap. All that it makes is in a folder of its own,
# which goes in the end.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export BUILDAH_ISOLATION=chroot
images() { buildah --root "$folder/images" --runroot "$folder/run" --storage-driver vfs "$@"; }

# Prints the name of an image that is like the Containerfile's base.
stand_in() {
    local root=$folder/debian container
    debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates bookworm "$root" >/dev/null
    ln -sf python3 "$root/usr/bin/python"
    rm -f "$root"/usr/lib/python3.11/EXTERNALLY-MANAGED
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"  # what this machine trusts
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/pip.conf"
    container=$(images from scratch)
    images copy --quiet "$container" "$root" / >/dev/null
    images commit --quiet "$container" localhost/stand-in >/dev/null
    images rm "$container" >/dev/null
    rm -rf "$root"
    echo localhost/stand-in
}

base=$(awk '$1 == "FROM" {print $2}' Containerfile)
timeout 120 images pull --quiet "$base" >/dev/null 2>&1 || base=$(stand_in)
echo "base: $base"
images build --from "$base" --pull-never --network host --quiet --tag halogenator .
container=$(images from --pull-never localhost/halogenator)
in_image() { images run --workingdir /workdir "$container" -- "$@"; }
in_image snakemake --snakefile /opt/halogenator/Snakefile --cores 2
in_image halogenator verify results | tail -n 1
