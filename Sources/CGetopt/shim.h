#pragma once
#include <getopt.h>

/* getopt_long keeps its place in global variables, which Swift cannot name safely. */
static inline void getopt_restart(void) {
    optind = 0;
    opterr = 0;
}
static inline int getopt_index(void) { return optind; }
static inline int getopt_letter(void) { return optopt; }
static inline const char *getopt_argument(void) { return optarg; }
