# Reads the .env that `file` names; prints stdin with every value of it replaced by [KEY], and so every password inside a URL.
# Short values and those of harmless keys stay, since nothing could be read without them. Each line of a value counts by itself.
function hide(value, key) {
  if (length(value) >= 6) { values[++n] = value; keys[n] = key }
}
BEGIN {
  quote = sprintf("[%c\"]", 39)
  harmless = "^(NODE_ENV|HOST|PORT|REDIS_HOST|REDIS_PORT|REDIS_DB|REDIS_CACHE_PORT|QUEUE_[A-Z]+|STATE_DIR)$"
  while ((getline line < file) > 0) {
    if (match(line, "^[A-Za-z_][A-Za-z0-9_]*=" quote)) {
      key = substr(line, 1, RLENGTH - 2)
      line = substr(line, RLENGTH + 1)
    }
    sub(quote "$", "", line)
    if (key ~ harmless) continue
    hide(line, key)
    if (match(line, "^[a-z0-9+.-]+://[^/@]*:[^/@]+@")) {
      password = substr(line, 1, RLENGTH - 1)
      sub(/.*:/, "", password)
      hide(password, key)
    }
  }
}
{
  for (i = 1; i <= n; i++) {
    rest = $0
    done = ""
    # What stands in its place is not looked at again: a value may be part of its own key.
    while ((at = index(rest, values[i])) > 0) {
      done = done substr(rest, 1, at - 1) "[" keys[i] "]"
      rest = substr(rest, at + length(values[i]))
    }
    $0 = done rest
  }
  print
}
