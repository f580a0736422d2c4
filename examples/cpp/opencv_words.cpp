// SPDX-License-Identifier: Apache-2.0
// opencv_words.cpp - finds dark words on a light page with plain OpenCV, and reads them with trba.
//
//   page --imread--> colour --grey, threshold--> ink --close sideways--> one blob a word --contours--> boxes
//   boxes in reading order --rows of the page's cv::Mat, nothing copied--> trba_image --> text
//
//   usage: opencv_words CHECKPOINT PAGE      prints  x y w h TAB text TAB confidence
//
// The detection is as simple as it can be while it finds something; put your own detector in its place.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <trba.h>

namespace {

// ---- trba's handles, freed by themselves; errors as exceptions ----

struct Free {
    void operator()(trba_model *model) const { trba_model_free(model); }
    void operator()(trba_session *session) const { trba_session_free(session); }
};
using Model = std::unique_ptr<trba_model, Free>;
using Session = std::unique_ptr<trba_session, Free>;

void check(trba_status status, const trba_error &err)
{
    if (status != TRBA_OK) throw std::runtime_error(err.message);
}

Model open_model(const std::string &path)
{
    trba_model *model = nullptr;
    trba_error err;
    check(trba_model_open(path.c_str(), nullptr, &model, &err), err);
    return Model(model);
}

Session make_session(const Model &model)
{
    trba_session_options options = trba_session_options_default();
    options.batch_size = 16;
    trba_session *session = nullptr;
    trba_error err;
    check(trba_session_new(model.get(), &options, &session, &err), err);
    return Session(session);
}

// ---- detection ----

// Where letters of about that height stand as close as in a word, their bounding box; unordered.
std::vector<cv::Rect> find_blobs(const cv::Mat &page)
{
    cv::Mat grey, ink;
    cv::cvtColor(page, grey, cv::COLOR_BGR2GRAY);
    cv::threshold(grey, ink, 0, 255, cv::THRESH_BINARY_INV | cv::THRESH_OTSU);
    cv::morphologyEx(ink, ink, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {11, 5}));
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(ink, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    std::vector<cv::Rect> boxes;
    for (const auto &contour : contours) {
        const cv::Rect box = cv::boundingRect(contour);
        if (box.height >= 10 && box.width >= 8) boxes.push_back(box);
    }
    return boxes;
}

// Lines from top to bottom, each from left to right. A line is what overlaps its first box by half.
void sort_as_read(std::vector<cv::Rect> &boxes)
{
    std::sort(boxes.begin(), boxes.end(), [](const cv::Rect &a, const cv::Rect &b) { return a.y < b.y; });
    for (auto line = boxes.begin(); line != boxes.end();) {
        const int middle = line->y + line->height / 2;
        const auto next = std::find_if(line, boxes.end(), [middle](const cv::Rect &box) { return box.y > middle; });
        std::sort(line, next, [](const cv::Rect &a, const cv::Rect &b) { return a.x < b.x; });
        line = next;
    }
}

// With a margin of an eighth of the height, as recognisers are trained with; within the page.
std::vector<cv::Rect> find_words(const cv::Mat &page)
{
    std::vector<cv::Rect> boxes = find_blobs(page);
    sort_as_read(boxes);
    for (cv::Rect &box : boxes) {
        const int margin = std::max(2, box.height / 8);
        box = cv::Rect(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin) &
              cv::Rect({0, 0}, page.size());
    }
    return boxes;
}

// ---- reading ----

// The part of the page as trba takes it: OpenCV's rows are `step` bytes apart. The page must outlive it.
trba_image view(const cv::Mat &page, const cv::Rect &box)
{
    const cv::Mat part = page(box);
    return trba_image_pixels(part.data, part.cols, part.rows, part.step, TRBA_PIXELS_BGR);
}

void read_page(const std::string &checkpoint, const std::string &path)
{
    const cv::Mat page = cv::imread(path, cv::IMREAD_COLOR);
    if (page.empty()) throw std::runtime_error("OpenCV cannot read the image " + path);
    const std::vector<cv::Rect> boxes = find_words(page);
    std::vector<trba_image> images;
    for (const cv::Rect &box : boxes) images.push_back(view(page, box));

    const Model model = open_model(checkpoint);
    const Session session = make_session(model);
    const trba_result *results = nullptr;
    trba_error err;
    check(trba_session_read_batch(session.get(), images.data(), images.size(), &results, &err), err);
    for (std::size_t i = 0; i < boxes.size(); i++)
        std::printf("%d %d %d %d\t%s\t%.4f\n", boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height,
                    results[i].status == TRBA_OK ? results[i].text : results[i].message,
                    static_cast<double>(results[i].confidence));
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: opencv_words CHECKPOINT PAGE\n");
        return 2;
    }
    try {
        read_page(argv[1], argv[2]);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "opencv_words: %s\n", error.what());
        return 1;
    }
}
