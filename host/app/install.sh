# shellcheck shell=sh disable=SC2034,SC2154 # variables of apply.sh and settings.sh
# The steps of apply.sh that change nothing which runs: runtime, artefact, units; and the tidying up at its end.

# install_runtime: Node at /opt/queuehost/node/<version>, from the registry package that the lockfile pins.
install_runtime() {
  runtime=/opt/queuehost/node/$node_version
  if (cd "$runtime" 2>/dev/null && sha256sum --status -c SHA256SUMS 2>/dev/null); then return 0; fi
  log "fetching Node $node_version"
  install -d -m 0755 /opt/queuehost /opt/queuehost/node
  rm -rf /opt/queuehost/node/.new.*
  new=$(mktemp -d /opt/queuehost/node/.new.XXXXXX)
  problem=$(curl -fsSL --retry 3 --retry-connrefused --connect-timeout 10 --max-time 600 -o "$new/package.tgz" "$node_url" 2>&1) ||
    drop "$new" "Node $node_version: $node_url can't be fetched ($problem); the server needs to reach the npm registry"
  printf '%s  %s\n' "$node_sha512" "$new/package.tgz" | sha512sum --status -c - ||
    drop "$new" "Node $node_version: what $node_url sent is not what package-lock.json pins; nothing was installed"
  tar -xzf "$new/package.tgz" -C "$new" --strip-components=1 --no-same-owner package/bin/node
  rm "$new/package.tgz"
  chmod 0755 "$new" "$new/bin" "$new/bin/node"
  [ "$("$new/bin/node" --version)" = "v$node_version" ] ||
    drop "$new" "Node $node_version: the fetched binary doesn't run here"
  (cd "$new" && sha256sum bin/node >SHA256SUMS && chmod 0644 SHA256SUMS)
  sync -f "$new"
  rm -rf "$runtime"
  mv -T "$new" "$runtime"
}

# drop FOLDER REASON: fails without leaving half an installation.
drop() {
  rm -rf "$1"
  fail "$2"
}

# unpack: incoming/<id>.tar.gz to releases/<id>, owned by root, with the link to the .env. The id is made of the digest of
# the tar inside, which doesn't depend on who compressed it.
unpack() {
  folder=$root/releases/$release
  [ ! -d "$folder" ] || return 0
  artefact=$root/incoming/$release.tar.gz
  [ -f "$artefact" ] || fail "$artefact is missing: the upload of the release hasn't happened"
  rm -rf "$folder.new"
  install -d -m 0755 "$folder.new"
  # The upload folder is the operator's: what is unpacked is the copy whose digest was checked.
  gzip -dc "$artefact" >"$folder.new/.tar" 2>/dev/null ||
    drop "$folder.new" "$artefact is damaged: it is no gzip file"
  printf '%s  %s\n' "$sha256" "$folder.new/.tar" | sha256sum --status -c - ||
    drop "$folder.new" "$artefact is damaged: its content isn't the release that was built"
  tar -xf "$folder.new/.tar" -C "$folder.new" --no-same-owner
  rm "$folder.new/.tar"
  chmod -R u=rwX,go=rX "$folder.new"
  ln -s ../../../shared/.env "$folder.new/backend/.env"
  sync -f "$folder.new"
  mv -T "$folder.new" "$folder"
  log "unpacked release $release"
}

# stage_units: both unit files in place, checked by systemd before anything is swapped.
stage_units() {
  changed=0
  for process in backend worker; do
    unit=$name-$process.service
    mv "$process.service" "$unit"
    cmp -s "$unit" "/etc/systemd/system/$unit" ||
      problems=$(systemd-analyze verify --recursive-errors=no "./$unit" 2>&1) || fail "$unit: systemd refuses it: $problems"
  done
  for process in backend worker; do
    put "$name-$process.service" "/etc/systemd/system/$name-$process.service" 0644
  done
}

# prune: the newest releases stay, and always this one and the one before it; so does the newest other runtime.
prune() {
  touch "$root/releases/$release"
  newest "$root/releases" | tail -n +"$((keep + 1))" | while read -r old; do
    case $old in
      "$release" | "$before") ;;
      *) rm -rf "${root:?}/releases/$old" ;;
    esac
  done
  for artefact in "$root"/incoming/*.tar.gz; do
    [ -d "$root/releases/$(basename "$artefact" .tar.gz)" ] || rm -f "$artefact"
  done
  newest /opt/queuehost/node | grep -vx "$node_version" | tail -n +2 | while read -r old; do
    rm -rf "/opt/queuehost/node/$old"
  done
}

# newest FOLDER: the names of its folders, the newest first.
newest() { find "$1" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -rn | cut -d ' ' -f 2; }
