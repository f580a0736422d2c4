/* SPDX-License-Identifier: Apache-2.0 */
/* user_cpp.cpp - user_c.c from C++: trba.h must compile there and its functions must link. */
#include <iostream>
#include <trba.h>

int main()
{
    trba_model *model = nullptr;
    trba_error error;
    const trba_image image = trba_image_file("word.png");
    if (image.kind != TRBA_IMAGE_FILE) return 1;
    if (trba_model_open("there is no such file.pth", nullptr, &model, &error) != TRBA_ERROR_IO) return 2;
    std::cout << "trba " << trba_version() << " from C++: " << error.message << '\n';
    return model == nullptr ? 0 : 3;
}
