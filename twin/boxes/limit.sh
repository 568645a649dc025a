#!/bin/sh
# Run as root in a Storage Box: gives its storage the size SIZE, in bytes, or as much as the disk below has where that is empty.
# A box with a size of its own lives in memory. It never gets smaller than what is on it: it is full then.
set -eu
below=/mnt
move() { # FROM TO
  find "$2" -mindepth 1 -delete
  cp -a "$1/." "$2/"
}
if [ -n "$SIZE" ] && ! mountpoint -q /home; then
  mount --bind / "$below"
  mount -t tmpfs -o mode=700,nosuid,nodev storage-box /home
  chown --reference="$below/home" /home
  move "$below/home" /home
  umount "$below"
fi
if [ -n "$SIZE" ]; then
  used=$(df --output=used -B1 /home | tail -n 1 | tr -d ' ')
  [ "$SIZE" -gt "$used" ] || SIZE=$used
  # 0 would be no limit, and a limit of no whole page is none either.
  [ "$SIZE" -ge 4096 ] || SIZE=4096
  mount -o "remount,size=$SIZE" /home
elif mountpoint -q /home; then
  mount --bind / "$below"
  move /home "$below/home"
  umount "$below"
  umount --lazy /home
fi
