/* SPDX-License-Identifier: MIT */
/*
 * A plain main for fuzz targets: runs every file of the folders or files named on the command line
 * through LLVMFuzzerTestOneInput, so that the corpus is a regression test in every build, with any
 * compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	/* A fresh heap block of the exact size lets the sanitizer see a read past the end. */
	struct stat st;
	if (fstat(fileno(file), &st) < 0 || st.st_size < 0) {
		fclose(file);
		return 1;
	}
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size ? size : 1);
	size_t got = data ? fread(data, 1, size, file) : 0;
	fclose(file);
	if (data && got == size)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return data && got == size ? 0 : 1;
}

static int replay_folder(const char *path, unsigned *count)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort), failed = 0;
	for (int i = 0; i < n; i++) {
		char file[4096];
		if (entries[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
			failed |= replay_file(file);
			++*count;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n < 0 ? 1 : failed;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int failed = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) < 0) {
			perror(argv[i]);
			return 1;
		}
		if (S_ISDIR(st.st_mode)) {
			failed |= replay_folder(argv[i], &count);
		} else {
			failed |= replay_file(argv[i]);
			count++;
		}
	}
	printf("%u inputs replayed\n", count);
	return failed || !count;
}
