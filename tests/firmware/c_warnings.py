"""What every compiler is asked to complain about, as an error."""

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
