# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# Maintenance: while its page is there, the proxy answers everything with it. Callers set root.

# maintenance on WHO WHY RETRY_AFTER | off WHO
maintenance() {
  audit_who=$2 page=$root/maintenance
  case "$1 $#" in
    'on 4')
      case $4 in '' | *[!0-9]*) fail "maintenance: RETRY_AFTER_SECONDS should be a number of seconds, got $4" ;; esac
      alone "maintenance-$name"
      audit_what="maintenance on: $3"
      install -d -m 0755 "$page"
      printf 'who=%s\nwhen=%s\nwhy=%s\nretry_after=%s\n' "$(word "$2")" "$(date +%s)" "$(word "$3")" "$4" >"$page/.state"
      fill_page "$3" "$4" >"$page/.index.html"
      chmod 0644 "$page/.index.html"
      mv "$page/.index.html" "$page/index.html"
      ;;
    'off 2')
      alone "maintenance-$name"
      audit_what='maintenance off'
      rm -f "$page/index.html" "$page/.state"
      ;;
    *) usage "maintenance $*" ;;
  esac
}

# fill_page WHY RETRY_AFTER: the page. It is a template of Caddy's: what a person wrote is text in it, and nothing else.
fill_page() {
  reason=$(printf '%s' "$1" | tr '\n' ' ' | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e 's/"/\&quot;/g' -e 's/{/\&#123;/g' -e 's/[\\&|]/\\&/g')
  sed -e "s|@reason@|$reason|g" -e "s|@retryAfter@|$2|g" maintenance.html.in
}
