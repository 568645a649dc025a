# shellcheck shell=sh disable=SC2034,SC2154 # variables of apply.sh and settings.sh
# The steps of apply.sh that change nothing which runs: runtime, artefact, lasting folders; and the tidying up at its end.

# install_runtime: Node at /opt/queuehost/node/<version>, from the registry package that the deployment pins.
install_runtime() {
  runtime=/opt/queuehost/node/$node_version
  ! whole_runtime || return 0
  log "fetching Node $node_version"
  install -d -m 0755 /opt/queuehost /opt/queuehost/node
  rm -rf /opt/queuehost/node/.new.*
  new=$(mktemp -d /opt/queuehost/node/.new.XXXXXX)
  problem=$(curl -fsSL --retry 3 --retry-connrefused --connect-timeout 10 --max-time 600 -o "$new/package.tgz" "$node_url" 2>&1) ||
    drop "$new" "Node $node_version: $node_url can't be fetched ($problem); the server needs to reach the npm registry"
  printf '%s  %s\n' "$node_sha512" "$new/package.tgz" | sha512sum --status -c - ||
    drop "$new" "Node $node_version: what $node_url sent is not what the deployment pins; nothing was installed"
  tar -xzf "$new/package.tgz" -C "$new" --strip-components=1 --no-same-owner package/bin/node
  rm "$new/package.tgz"
  chmod 0755 "$new" "$new/bin" "$new/bin/node"
  [ "$("$new/bin/node" --version)" = "v$node_version" ] ||
    drop "$new" "Node $node_version: the fetched binary doesn't run here"
  (cd "$new" && sha256sum bin/node >SHA256SUMS && chmod 0644 SHA256SUMS)
  sync -f "$new"
  rm -rf "$runtime"
  mv -T "$new" "$runtime"
  whole_runtime
}

# whole_runtime: it is what was installed. The digest takes a quarter of a second; it is made again when the file was touched.
whole_runtime() {
  as_seen=$(stat -c '%i %s %Z' "$runtime/bin/node" 2>/dev/null) || return 1
  [ "$as_seen" != "$(cat "$runtime/.seen" 2>/dev/null)" ] || return 0
  (cd "$runtime" && sha256sum --status -c SHA256SUMS 2>/dev/null) || return 1
  printf '%s\n' "$as_seen" >"$runtime/.seen"
}

# install_tools: these scripts at /opt/queuehost/app, for what is done on the server later. The set before this one stays for what
# still runs with it.
install_tools() {
  rm -f /opt/queuehost/without-values.awk
  tools=/opt/queuehost/app-$(find . \( -path ./units -o -path ./tasks -o -path ./pm2 \) -prune -o -type f -print0 | sort -z |
    xargs -0 sha256sum | sha256sum | cut -c 1-12)
  last=$(readlink /opt/queuehost/app) || last=''
  [ "$last" != "${tools##*/}" ] || return 0
  rm -rf "$tools"
  install -d -m 0755 "$tools"
  for file in *; do
    case $file in apply.sh | units | tasks | pm2) continue ;; esac
    cp -R "$file" "$tools"
  done
  chmod -R u=rwX,go=rX "$tools"
  ln -sfn "${tools##*/}" /opt/queuehost/.app
  mv -fT /opt/queuehost/.app /opt/queuehost/app
  find /opt/queuehost -mindepth 1 -maxdepth 1 -name 'app-*' ! -name "${tools##*/}" ! -name "${last:-none}" -exec rm -rf {} +
}

# drop FOLDER REASON: fails without leaving half an installation.
drop() {
  rm -rf "$1"
  fail "$2"
}

# unpack: incoming/<id>.tar.gz to releases/<id>, owned by root. The id is made of the digest of the tar inside, which doesn't
# depend on who compressed it. Files get the time of now: what a browser keeps of another release is out of date.
unpack() {
  unpacked=$root/releases/$release
  [ ! -d "$unpacked" ] || return 0
  artefact=$root/incoming/$release.tar.gz
  [ -f "$artefact" ] || fail "$artefact is missing: the upload of the release hasn't happened"
  rm -rf "$unpacked.new"
  install -d -m 0755 "$unpacked.new"
  # The upload folder is the operator's: what is unpacked is the copy whose digest was checked.
  gzip -dc "$artefact" >"$unpacked.new/.tar" 2>/dev/null ||
    drop "$unpacked.new" "$artefact is damaged: it is no gzip file"
  printf '%s  %s\n' "$sha256" "$unpacked.new/.tar" | sha256sum --status -c - ||
    drop "$unpacked.new" "$artefact is damaged: its content isn't the release that was built"
  tar -xmf "$unpacked.new/.tar" -C "$unpacked.new" --no-same-owner
  rm "$unpacked.new/.tar"
  chmod -R u=rwX,go=rX "$unpacked.new"
  sync -f "$unpacked.new"
  mv -T "$unpacked.new" "$unpacked"
  log "unpacked release $release"
}

# link_folders: the release sees its .env, and the folders that outlive it, where it expects them. What it brought with it in
# such a folder gives way.
link_folders() {
  inside=$root/releases/$release${folder:+/$folder}
  [ -d "$inside" ] || fail "release $release has no folder $folder, where its commands would run"
  link "$root/shared/.env" "$inside/.env"
  for lasting in $folders; do
    [ -d "$root/shared/$lasting" ] || install -d -m 0750 -o app -g app "$root/shared/$lasting"
    link "$root/shared/$lasting" "$inside/$lasting"
  done
}

# link TARGET LINK
link() {
  [ "$(readlink "$2")" != "$1" ] || return 0
  mkdir -p "$(dirname "$2")"
  rm -rf "$2"
  ln -s "$1" "$2"
}

# prune: of the releases that were in service the newest stay, and always the two that pages and sides refer to. Those that never
# passed the gate go, and runtimes that no release needs; but the newest other runtime stays.
prune() {
  for link in live/release live/previous "sides/$(other_side "$(live_side)")/release"; do readlink -f "$root/$link" || :; done |
    sed 's#.*/##' >needed
  (cd "$root/kept" && ls -t ./*/switched 2>/dev/null) | cut -d / -f 2 | head -n "$keep" >>needed
  for folder in "$root"/releases/* "$root"/kept/*; do
    grep -qxF "${folder##*/}" needed || rm -rf "$folder"
  done
  for artefact in "$root"/incoming/*.tar.gz; do
    [ -d "$root/releases/$(basename "$artefact" .tar.gz)" ] || rm -f "$artefact"
  done
  cat "$root"/kept/*/settings.sh 2>/dev/null | sed -n "s/^node_version='\(.*\)'/\1/p" >runtimes
  find /opt/queuehost/node -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -rn | cut -d ' ' -f 2 |
    grep -vxF -f runtimes | tail -n +2 | while read -r old; do
    rm -rf "/opt/queuehost/node/$old"
  done
}
