# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# The two sides of the application, a and b, below /srv/<name>/sides. One of them is live: what /srv/<name>/live points to. Shared
# by all that changes or reads them; callers set name.

units=/etc/systemd/system

# The side that the link names, or nothing before the first release.
live_side() {
  side=$(readlink "$root/live" 2>/dev/null) || return 0
  printf '%s' "${side##*/}"
}

# other_side SIDE
other_side() { case $1 in a) printf b ;; *) printf a ;; esac }

# release_of SIDE: the release that it holds, or nothing.
release_of() {
  held_release=$(readlink "$root/sides/$1/release" 2>/dev/null) || return 0
  printf '%s' "${held_release##*/}"
}

# setting_of SIDE KEY: as it was when the side was laid out.
setting_of() { sed -n "s/^$2='\(.*\)'$/\1/p" "$root/sides/$1/settings.sh" 2>/dev/null || :; }

# on SIDE COMMAND...: with the functions of the process manager that runs the side.
on() {
  of=$(setting_of "$1" manager)
  shift
  managed_by "${of:-systemd}" "$@"
}
managed_by() (
  # shellcheck source=/dev/null # manager-systemd.sh or manager-pm2.sh
  . "./manager-$1.sh"
  shift
  "$@"
)

# lay_out: the application's user and its folders under /srv/<name>. The upload folder belongs to the operator. A server has one
# application: another one's processes would stay, on the same port.
lay_out() {
  root=/srv/$name
  for other in /srv/*/live /srv/*/in-service; do
    other=${other%/*} other=${other##*/}
    [ "$other" = '*' ] || [ "$other" = "$name" ] ||
      fail "app.name: this server runs $other. Set app.name back to $other, or make a new server for $name: queuehost recreate"
  done
  getent group app >/dev/null || groupadd --system app
  getent passwd app >/dev/null ||
    useradd --system --gid app --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin app
  install -d -m 0755 "$root" "$root/releases" "$root/sides" "$root/kept"
  install -d -m 0750 -g app "$root/shared"
  install -d -m 0750 -o deploy "$root/incoming"
}

# adopt: a server that 0.2.0 deployed to has one instance of each process, in what `current` points to. From here on it is side a.
adopt() {
  if [ -L "$root/live" ] || ! [ -L "$root/current" ]; then return 0; fi
  old=$(readlink "$root/current") old=${old##*/}
  lay_side a "$old"
  sed -i "s/^manager=.*/manager='systemd'/" "$root/sides/a/settings.sh"
  swap_link sides/a live
  swap_link live/release current
}

# lay_side SIDE RELEASE: what the side holds, in place of what it held. The side isn't live.
lay_side() {
  new=$root/sides/.$1
  rm -rf "$new"
  mkdir "$new"
  : >"$new/$1"
  ln -s "../../releases/$2" "$new/release"
  before=$(release_of "$(other_side "$1")")
  if [ -n "$before" ] && [ "$before" != "$2" ]; then
    ln -s "../../releases/$before" "$new/previous"
  else
    cp -P "$root/sides/$(other_side "$1")/previous" "$new/previous" 2>/dev/null || :
  fi
  cp "${parts:-.}/settings.sh" "$new/settings.sh"
  # The port of its first backend, for the smoke test.
  printf 'PORT=%s\n' "$(port_of "$1" 1)" >"$new/env"
  rm -rf "$root/sides/$1"
  mv "$new" "$root/sides/$1"
}

# port_of SIDE NUMBER: where that instance of the backend listens.
port_of() { case $1 in b) printf %s "$((port + 7 + $2))" ;; *) printf %s "$((port - 1 + $2))" ;; esac }

# swap_link TARGET NAME: the link NAME in /srv/<name>, in one step.
swap_link() {
  ln -sfn "$1" "$root/.$2"
  mv -fT "$root/.$2" "$root/$2"
}
