libshell_a_SOURCES += src/net/net.h
