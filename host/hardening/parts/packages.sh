# shellcheck shell=sh
# The packages of all concerns at once: one run of apt takes a fraction of the time of five.

# Debian starts a Redis without a password as soon as it is installed; ours are instances of its template.
[ -e /etc/systemd/system/redis-server.service ] || ln -s /dev/null /etc/systemd/system/redis-server.service

# shellcheck disable=SC2046 # one word a package
need_packages $(cat packages)
