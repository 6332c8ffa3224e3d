libshell_a_SOURCES +=
