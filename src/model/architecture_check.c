/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_check.c - what differs between a table of tensors and a network, and the one message about it.
 *
 *   architecture_compare   the lists of load_state_dict(): missing, of another shape, unexpected
 *   architecture_check     is the file what was asked for, and is it whole?
 *
 *     what the file is, and what was asked by whom
 *     sizes that contradict, each with both numbers
 *     missing / unexpected / misshapen: how many, and the first few
 *     the likely cause, or the options that work, or what to do with the sidecar that asked */
#include "model/architecture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "model/architecture_names.h"

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* "[64,1,3,3]"; "[]" for a scalar, "any" for a size that is not fixed. */
struct shape_text {
    char text[64];
};

static struct shape_text show_shape(int n_dimensions, const int64_t *shape)
{
    struct shape_text shown = {"["};
    size_t used = 1;
    for (int i = 0; i < n_dimensions && used < sizeof shown.text - 24; i++) {
        const char *comma = i == 0 ? "" : ",";
        char *at = shown.text + used;
        const size_t room = sizeof shown.text - used;
        const int n = shape[i] == ARCHITECTURE_ANY_SIZE ? snprintf(at, room, "%sany", comma)
                                                        : snprintf(at, room, "%s%lld", comma, (long long)shape[i]);
        used += (size_t)n;
    }
    snprintf(shown.text + used, sizeof shown.text - used, "]");
    return shown;
}

static bool shape_fits(const struct tensor *tensor, int n_dimensions, const int64_t *shape)
{
    if (tensor->n_dimensions != n_dimensions) return false;
    for (int i = 0; i < n_dimensions; i++)
        if (shape[i] != ARCHITECTURE_ANY_SIZE && shape[i] != tensor->shape[i]) return false;
    return true;
}

/* TPS-ResNet-BiLSTM-Attn has 252 tensors. */
enum { MOST_NEEDED = 512 };

struct comparison {
    const struct tensor_table *table;
    architecture_difference_visitor visit;
    void *user;
    size_t n_differences;
    const struct tensor *matched[MOST_NEEDED]; /* [n_matched]: the table's tensors that the architecture has, too */
    size_t n_matched;
    bool is_module_missing; /* was the last required tensor missing? */
};

static void report(struct comparison *c, trba_difference kind, const char *name, const char *detail)
{
    c->n_differences++;
    if (c->visit != NULL) c->visit(c->user, kind, name, detail);
}

static void compare_needed(void *user, const char *name, int n_dimensions, const int64_t *shape, bool is_required)
{
    struct comparison *c = user;
    const struct tensor *tensor = tensor_table_find(c->table, name);
    if (is_required) c->is_module_missing = tensor == NULL;
    if (tensor == NULL) {
        const bool is_counter = n_dimensions == 0; /* num_batches_tracked: PyTorch makes up a missing one */
        if (c->is_module_missing && !is_counter) report(c, TRBA_DIFFERENCE_MISSING, name, "");
        return;
    }
    assert(c->n_matched < MOST_NEEDED);
    c->matched[c->n_matched++] = tensor;
    if (shape_fits(tensor, n_dimensions, shape)) return;
    char detail[160];
    snprintf(detail, sizeof detail, "has %s, needs %s", show_shape(tensor->n_dimensions, tensor->shape).text,
             show_shape(n_dimensions, shape).text);
    report(c, TRBA_DIFFERENCE_SHAPE, name, detail);
}

static int compare_pointers(const void *a, const void *b)
{
    const struct tensor *const *x = a, *const *y = b; /* into one array */
    return (*x > *y) - (*x < *y);
}

/* Counters that wrappers leave beside the weights: torch's AveragedModel counts its models in "n_averaged". */
static bool is_bookkeeping(const char *name)
{
    return strcmp(name, "n_averaged") == 0;
}

static void compare_unexpected(struct comparison *c)
{
    if (c->n_matched > 0) qsort(c->matched, c->n_matched, sizeof *c->matched, compare_pointers);
    for (size_t i = 0; i < c->table->n_tensors; i++) {
        const struct tensor *tensor = &c->table->tensors[i];
        if (is_bookkeeping(tensor->name)) continue;
        if (bsearch(&tensor, c->matched, c->n_matched, sizeof *c->matched, compare_pointers) == NULL)
            report(c, TRBA_DIFFERENCE_UNEXPECTED, tensor->name, "");
    }
}

size_t architecture_compare(const struct tensor_table *table, const trba_architecture *arch,
                            architecture_difference_visitor visit, void *user)
{
    struct comparison c = {.table = table, .visit = visit, .user = user};
    architecture_for_each_tensor(arch, compare_needed, &c);
    compare_unexpected(&c);
    return c.n_differences;
}

/* ---- what was asked ---------------------------------------------------------------------------------------------- */

struct network_name {
    char text[64];
};

static struct network_name show_network(const trba_architecture *arch)
{
    struct network_name name;
    trba_architecture_name(arch, name.text, sizeof name.text);
    return name;
}

static int first_known(int a, int b, int c)
{
    return a != 0 ? a : b != 0 ? b : c;
}

trba_architecture architecture_fill(const trba_architecture *asked, const trba_architecture *found)
{
    trba_architecture full = *asked;
    if (full.transformation == TRBA_TRANSFORMATION_ANY) full.transformation = found->transformation;
    if (full.feature_extraction == TRBA_FEATURE_EXTRACTION_ANY) full.feature_extraction = found->feature_extraction;
    if (full.sequence_modeling == TRBA_SEQUENCE_MODELING_ANY) full.sequence_modeling = found->sequence_modeling;
    if (full.prediction == TRBA_PREDICTION_ANY) full.prediction = found->prediction;
    full.input_channel = first_known(asked->input_channel, found->input_channel, 1);
    full.output_channel = first_known(asked->output_channel, found->output_channel, 512);
    full.hidden_size = first_known(asked->hidden_size, found->hidden_size, 256);
    full.num_fiducial = first_known(asked->num_fiducial, found->num_fiducial, 20);
    full.num_class = first_known(asked->num_class, found->num_class, 38);
    full.img_h = first_known(asked->img_h, found->img_h, 0);
    full.img_w = first_known(asked->img_w, found->img_w, 0);
    return full;
}

static bool same_stages(const trba_architecture *a, const trba_architecture *b)
{
    return a->transformation == b->transformation && a->feature_extraction == b->feature_extraction &&
           a->sequence_modeling == b->sequence_modeling && a->prediction == b->prediction;
}

/* One size as both sides have it. */
struct size_pair {
    const char *option;
    int asked, found; /* 0: not known, or the network has no such thing */
};

enum { N_SIZES = 7 };

static void pair_sizes(const trba_architecture *asked, const trba_architecture *found, struct size_pair out[N_SIZES])
{
    const struct size_pair pairs[N_SIZES] = {
        {"input_channel", asked->input_channel, found->input_channel},
        {"output_channel", asked->output_channel, found->output_channel},
        {"hidden_size", asked->hidden_size, found->hidden_size},
        {"num_fiducial", asked->num_fiducial, found->num_fiducial},
        {"num_class", asked->num_class, found->num_class},
        {"imgH", asked->img_h, found->img_h},
        {"imgW", asked->img_w, found->img_w},
    };
    memcpy(out, pairs, sizeof pairs);
}

static bool is_contradiction(const struct size_pair *pair)
{
    return pair->asked != 0 && pair->found != 0 && pair->asked != pair->found;
}

static int count_contradictions(const struct size_pair pairs[N_SIZES])
{
    int n = 0;
    for (int i = 0; i < N_SIZES; i++) n += is_contradiction(&pairs[i]);
    return n;
}

/* ---- the message ------------------------------------------------------------------------------------------------- */

enum { N_KINDS = 3, N_SHOWN = 3 };

/* The first few differences of each kind, and how many there are. */
struct summary {
    size_t n[N_KINDS];
    size_t n_missing_statistics, n_missing_reverse; /* BatchNorm's, and the LSTMs' other direction */
    char shown[N_KINDS][N_SHOWN][200];
};

static void summarise(void *user, trba_difference kind, const char *name, const char *detail)
{
    struct summary *summary = user;
    const size_t index = summary->n[kind]++;
    if (kind == TRBA_DIFFERENCE_MISSING) {
        summary->n_missing_statistics += strstr(name, ".running_") != NULL;
        summary->n_missing_reverse += strstr(name, "_reverse") != NULL;
    }
    if (index >= N_SHOWN) return;
    snprintf(summary->shown[kind][index], sizeof summary->shown[kind][index], "%s%s%s", show_name(name).text,
             detail[0] != '\0' ? " " : "", detail);
}

static size_t summarise_table(const struct tensor_table *table, const trba_architecture *arch, struct summary *out)
{
    memset(out, 0, sizeof *out);
    return architecture_compare(table, arch, summarise, out);
}

/* who_lists: what prints the rest of them; NULL: nothing does. */
static void add_differences(struct message *m, const struct summary *summary, const char *who_lists)
{
    static const char *const titles[N_KINDS] = {
        [TRBA_DIFFERENCE_MISSING] = "missing in the file",
        [TRBA_DIFFERENCE_UNEXPECTED] = "unexpected in the file",
        [TRBA_DIFFERENCE_SHAPE] = "of another shape",
    };
    bool is_shortened = false;
    for (int kind = 0; kind < N_KINDS; kind++) {
        if (summary->n[kind] == 0) continue;
        message_add(m, "\n  %zu %s: ", summary->n[kind], titles[kind]);
        for (size_t i = 0; i < summary->n[kind] && i < N_SHOWN; i++)
            message_add(m, "%s%s", i == 0 ? "" : ", ", summary->shown[kind][i]);
        if (summary->n[kind] > N_SHOWN) message_add(m, ", ...");
        is_shortened = is_shortened || summary->n[kind] > N_SHOWN;
    }
    if (is_shortened && who_lists != NULL) message_add(m, "\n  (%s lists all of them)", who_lists);
}

static void add_size_hint(struct message *m, const struct size_pair *pair)
{
    if (strcmp(pair->option, "input_channel") == 0)
        message_add(m, pair->found == 3 ? " (an RGB model: --rgb)" : " (a grey model: without --rgb)");
    if (strncmp(pair->option, "img", 3) == 0)
        message_add(m, " (the P_hat buffer of a TPS network fits only the size it was trained for)");
    if (strcmp(pair->option, "num_class") == 0)
        message_add(m, " (the number of classes follows from the alphabet)");
}

static void add_contradictions(struct message *m, const struct size_pair pairs[N_SIZES])
{
    for (int i = 0; i < N_SIZES; i++) {
        if (!is_contradiction(&pairs[i])) continue;
        message_add(m, "\n  %s: asked %d, the file has %d", pairs[i].option, pairs[i].asked, pairs[i].found);
        add_size_hint(m, &pairs[i]);
    }
}

/* The stages always, the sizes only where they were contradicted. */
static void add_options_that_work(struct message *m, const struct size_pair pairs[N_SIZES],
                                  const trba_architecture *found)
{
    message_add(m, "\n  options that work: --Transformation %s --FeatureExtraction %s",
                transformation_name(found->transformation), feature_extraction_name(found->feature_extraction));
    message_add(m, " --SequenceModeling %s --Prediction %s", sequence_modeling_name(found->sequence_modeling),
                prediction_name(found->prediction));
    for (int i = 0; i < N_SIZES; i++) {
        if (!is_contradiction(&pairs[i]) || strcmp(pairs[i].option, "num_class") == 0) continue;
        if (strcmp(pairs[i].option, "input_channel") == 0 && pairs[i].found == 3) message_add(m, " --rgb");
        else message_add(m, " --%s %d", pairs[i].option, pairs[i].found);
    }
    message_add(m, " (or none of them: the file itself says what it is)");
}

static trba_status refuse_request(const struct tensor_table *table, const trba_architecture *found,
                                  const trba_architecture *full, const struct size_pair pairs[N_SIZES],
                                  const char *sidecar_path, trba_error *err)
{
    const char *asked_by = sidecar_path != NULL ? sidecar_path : "the options";
    struct message m = {.length = 0};
    if (!same_stages(full, found))
        message_add(&m, "this checkpoint is a %s network, but %s was asked for by %s", show_network(found).text,
                    show_network(full).text, asked_by);
    else
        message_add(&m, "this checkpoint is a %s network as asked for by %s, but with other sizes",
                    show_network(found).text, asked_by);
    add_contradictions(&m, pairs);
    struct summary summary;
    const char *who_lists = sidecar_path != NULL ? NULL : "trba compare with the same options";
    if (summarise_table(table, full, &summary) > 0) add_differences(&m, &summary, who_lists);
    if (sidecar_path != NULL) message_add(&m, "\n  correct or remove that file, or do not read it (--no-sidecar)");
    else add_options_that_work(&m, pairs, found);
    return message_set_error(&m, TRBA_ERROR_MISMATCH, err);
}

static const char *likely_cause(const struct tensor_table *table, const struct summary *summary)
{
    const bool is_missing = summary->n[TRBA_DIFFERENCE_MISSING] > 0;
    const bool is_unexpected = summary->n[TRBA_DIFFERENCE_UNEXPECTED] > 0;
    if (table->has_quantised) return "it is quantised: give the file from before quantisation";
    if (is_missing && summary->n_missing_statistics == summary->n[TRBA_DIFFERENCE_MISSING])
        return "BatchNorm's statistics were not saved, or not kept (track_running_stats=False, or another "
               "normalisation): without them the network cannot be run";
    if (is_missing && summary->n_missing_reverse == summary->n[TRBA_DIFFERENCE_MISSING])
        return "its LSTMs read in one direction only, which none of the clovaai networks does";
    if (is_missing && !is_unexpected) return "only a part of the network was saved, or the file was cut";
    if (is_unexpected && !is_missing) return "the network was changed before training, or two were saved as one";
    if (is_missing) return "the network was changed or its layers renamed before it was saved";
    return "layers were changed, or the weights of two networks were mixed";
}

static trba_status refuse_incomplete(const struct tensor_table *table, const trba_architecture *found,
                                     const struct summary *summary, trba_error *err)
{
    struct message m = {.length = 0};
    message_add(&m, "this checkpoint is nearly a %s network, but its tensors do not fit one", show_network(found).text);
    add_differences(&m, summary, "trba compare");
    message_add(&m, "\n  likely cause: %s", likely_cause(table, summary));
    return message_set_error(&m, TRBA_ERROR_MISMATCH, err);
}

static trba_status check_image_buffer(const struct tensor_table *table, const trba_architecture *found, trba_error *err)
{
    if (found->transformation != TRBA_TRANSFORMATION_TPS || found->img_h != 0) return TRBA_OK;
    if (tensor_table_find(table, "Transformation.GridGenerator.P_hat") == NULL) return TRBA_OK;
    return error_set(err, TRBA_ERROR_MISMATCH,
                     "Transformation.GridGenerator.P_hat holds no sampling grid, so the image size of this TPS network "
                     "is not known: is the file damaged?");
}

trba_status architecture_check(const struct tensor_table *table, const trba_architecture *found,
                               const trba_architecture *expect, const char *sidecar_path, trba_error *err)
{
    const trba_architecture full = architecture_fill(expect, found);
    struct size_pair pairs[N_SIZES];
    pair_sizes(expect, found, pairs);
    if (found->input_channel != 1 && found->input_channel != 3)
        return error_set(err, TRBA_ERROR_UNSUPPORTED,
                         "this network reads images of %d channels, but only grey (1) and RGB (3) are supported",
                         found->input_channel);
    if (!same_stages(&full, found) || count_contradictions(pairs) > 0)
        return refuse_request(table, found, &full, pairs, sidecar_path, err);
    struct summary summary;
    if (summarise_table(table, found, &summary) > 0) return refuse_incomplete(table, found, &summary, err);
    return check_image_buffer(table, found, err);
}
