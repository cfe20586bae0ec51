#!/bin/sh
# Makes what compose.yaml mounts as secrets, once: files that exist are left alone.
# The directory is closed (0700); the files in it are readable, for the users in the containers are
# others than you, and a mounted file keeps its mode.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets
chmod 0700 secrets
cd secrets

make() { # NAME VALUE
    [ -e "$1" ] || { printf '%s' "$2" > "$1.new" && mv "$1.new" "$1"; }
}

make database_password "$(openssl rand -hex 24)"
make redis_password "$(openssl rand -hex 24)"
make master_key "$(openssl rand -base64 32)"
make admin_password "$(openssl rand -base64 18)"
make database_url "postgresql://central_config:$(cat database_password)@postgres/central_config"
make redis_url "redis://:$(cat redis_password)@redis:6379/0"
echo "deploy/docker/secrets: made. Keep a copy of master_key where the database's backups are not."
echo "The first administrator is admin; the password is in deploy/docker/secrets/admin_password."
