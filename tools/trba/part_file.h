/* SPDX-License-Identifier: Apache-2.0 */
/* part_file.h - the file that trba_checkpoint_save() writes beside its place goes when the program is interrupted. */
#ifndef TRBA_TOOLS_PART_FILE_H
#define TRBA_TOOLS_PART_FILE_H

/* Call right before and after the save to `path`. In between SIGHUP, SIGINT and SIGTERM remove the unfinished file, and
 * then end the program as they would have; those that are ignored (nohup) stay so. */
void part_file_guard(const char *path);
void part_file_release(void);

#endif
