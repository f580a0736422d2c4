# SPDX-License-Identifier: Apache-2.0
# s390x.cmake - 64-bit IBM Z: the big-endian one.
set(TRBA_CROSS_PROCESSOR s390x)
include("${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake")
