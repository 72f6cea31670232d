# Turns a data file into a C array: cmake -DIN=… -DOUT=….c -DSYMBOL=… -P embed_text.cmake
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){24})" "\\1\n\t" bytes "${bytes}")
file(WRITE "${OUT}" "/* Generated: do not edit. */\n#include <stddef.h>\n\nextern const char ${SYMBOL}[];\nextern const size_t ${SYMBOL}_len;\nconst char ${SYMBOL}[] = {\n\t${bytes}0\n};\nconst size_t ${SYMBOL}_len = sizeof(${SYMBOL}) - 1;\n")
