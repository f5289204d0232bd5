#!/bin/sh
# Installs what the tests run and Python's index does not have: MariaDB, PostgreSQL 15, kubectl, an
# image registry, Alertmanager and Chromium, from the distribution. Does nothing where they are there, where
# apt-get is not, or where we are not root; the tests that need them then say so.
set -eu

wanted=""
PATH="$PATH:/usr/sbin"
command -v mariadbd >/dev/null 2>&1 || wanted="$wanted mariadb-server"
[ -x /usr/lib/postgresql/15/bin/postgres ] || wanted="$wanted postgresql-15"
command -v kubectl >/dev/null 2>&1 || wanted="$wanted kubernetes-client"
command -v docker-registry >/dev/null 2>&1 || wanted="$wanted docker-registry"
command -v prometheus-alertmanager >/dev/null 2>&1 || wanted="$wanted prometheus-alertmanager"
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "tests: missing Debian packages:$wanted" >&2
    exit 0
fi

# No server may start by itself, and no question may be asked. Nothing waits for ever.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
quietly() {
    log=$(mktemp)
    if ! timeout 600 "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
options="-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3"
# shellcheck disable=SC2086 - the lists are meant to fall apart
{
    quietly apt-get $options update || echo "tests: apt-get update failed; trying what is known" >&2
    quietly apt-get $options install -y --no-install-recommends $wanted ||
        echo "tests: could not install:$wanted" >&2
}
