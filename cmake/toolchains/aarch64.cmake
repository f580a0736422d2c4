# SPDX-License-Identifier: Apache-2.0
# aarch64.cmake - 64-bit ARM.
set(TRBA_CROSS_PROCESSOR aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake")
