/* SPDX-License-Identifier: Apache-2.0 */
/* expat tells what it meets; we hang it into a tree and stop at the first thing we do not want. */
#include "xml.h"

#include <expat.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"

/* Nodes and texts of a body are smaller than this many times the body: an element of 7 bytes,
 * "<a></a>", costs less than 100. */
enum { POOL_MAX = 16 * XML_BODY_MAX };

struct reader {
    XML_Parser parser;
    struct pool *pool;
    struct xml_node *open[XML_DEPTH_MAX]; /* the way from the root to here */
    struct xml_node *last[XML_DEPTH_MAX]; /* newest child of each */
    unsigned depth;
    unsigned element_count;
    const struct xml_node *root;
    const char *space;
    struct buffer text;    /* of the element now open */
    const char *complaint; /* why we stopped */
};

static void stop(struct reader *reader, const char *complaint)
{
    if (reader->complaint == NULL)
        reader->complaint = complaint;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    stop(context, "a DOCTYPE, which is not allowed");
}

static struct xml_node *make_node(struct reader *reader, const char *name)
{
    struct xml_node *node = pool_alloc(reader->pool, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->name = pool_copy(reader->pool, name, strlen(name));
    node->text = "";
    return node->name != NULL ? node : NULL;
}

static void hang(struct reader *reader, struct xml_node *node)
{
    if (reader->depth == 0) {
        reader->root = node;
        return;
    }
    if (reader->last[reader->depth - 1] != NULL)
        reader->last[reader->depth - 1]->next = node;
    else
        reader->open[reader->depth - 1]->first = node;
    reader->last[reader->depth - 1] = node;
}

/* The value of an attribute, "" when it is not there; NULL: no memory. */
static const char *keep_attribute(struct reader *reader, const XML_Char **attributes,
                                  const char *name)
{
    while (*attributes != NULL && strcmp(*attributes, name) != 0)
        attributes += 2;
    return *attributes != NULL ? pool_copy(reader->pool, attributes[1], strlen(attributes[1])) : "";
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = context;
    struct xml_node *node;

    if (reader->complaint != NULL)
        return;
    if (reader->depth == XML_DEPTH_MAX) {
        stop(reader, "too deep, at most 32 levels are allowed");
        return;
    }
    if (++reader->element_count > XML_ELEMENTS_MAX) {
        stop(reader, "too many elements, at most 65536 are allowed");
        return;
    }
    node = make_node(reader, name);
    if (reader->depth == 0)
        reader->space = keep_attribute(reader, attributes, "xmlns");
    if (node == NULL || reader->space == NULL) {
        stop(reader, "too large for memory");
        return;
    }
    hang(reader, node);
    reader->open[reader->depth] = node;
    reader->last[reader->depth] = NULL;
    reader->depth++;
    buffer_reset(&reader->text);
}

static void on_end(void *context, const XML_Char *name)
{
    struct reader *reader = context;
    struct xml_node *node;

    (void)name;
    if (reader->complaint != NULL)
        return;
    node = reader->open[--reader->depth];
    if (node->first == NULL && reader->text.length > 0)
        node->text = pool_copy(reader->pool, buffer_text(&reader->text), reader->text.length);
    if (node->text == NULL)
        stop(reader, "too large for memory");
    buffer_reset(&reader->text);
}

static void on_text(void *context, const XML_Char *text, int length)
{
    struct reader *reader = context;

    if (reader->complaint != NULL)
        return;
    buffer_add(&reader->text, text, (size_t)length);
    if (reader->text.failed)
        stop(reader, "a text of more than 65536 bytes");
}

static int run(struct reader *reader, const char *body, size_t length, char *error,
               size_t error_size)
{
    const char *complaint;

    XML_SetUserData(reader->parser, reader);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    if (XML_Parse(reader->parser, body, (int)length, XML_TRUE) == XML_STATUS_OK &&
        reader->complaint == NULL)
        return 0;
    complaint = reader->complaint != NULL ? reader->complaint
                                          : XML_ErrorString(XML_GetErrorCode(reader->parser));
    snprintf(error, error_size, "XML line %lu: %s",
             (unsigned long)XML_GetCurrentLineNumber(reader->parser), complaint);
    return -1;
}

int xml_read(const char *body, size_t length, struct xml *ret_xml, char *error, size_t error_size)
{
    struct reader reader = {.parser = NULL};
    int status = -1;

    if (length > XML_BODY_MAX) {
        snprintf(error, error_size, "XML of %zu bytes, at most %d are allowed", length,
                 XML_BODY_MAX);
        return -1;
    }
    if (memchr(body, '\0', length) != NULL) { /* as UTF-16 has, which expat reads unasked */
        snprintf(error, error_size, "XML with a NUL: only UTF-8 is allowed");
        return -1;
    }
    buffer_init(&reader.text, XML_TEXT_MAX);
    reader.pool = pool_create(POOL_MAX);
    reader.parser = XML_ParserCreate("UTF-8"); /* whatever the document says of itself */
    if (reader.pool == NULL || reader.parser == NULL) {
        snprintf(error, error_size, "no memory to read XML");
        goto out;
    }
    status = run(&reader, body, length, error, error_size);
out:
    buffer_clear(&reader.text);
    if (reader.parser != NULL)
        XML_ParserFree(reader.parser);
    if (status == 0)
        *ret_xml = (struct xml){.root = reader.root, .space = reader.space, .pool = reader.pool};
    else
        pool_destroy(reader.pool);
    return status;
}

void xml_clear(struct xml *xml)
{
    pool_destroy(xml->pool);
    *xml = (struct xml){.root = NULL};
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = node != NULL ? node->first : NULL;

    while (child != NULL && strcmp(child->name, name) != 0)
        child = child->next;
    return child;
}

const char *xml_text(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = xml_child(node, name);

    return child != NULL ? child->text : NULL;
}

const char *xml_only_text(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = xml_child(node, name);

    for (const struct xml_node *other = child != NULL ? child->next : NULL; other != NULL;
         other = other->next) {
        if (strcmp(other->name, name) == 0)
            return NULL;
    }
    return child != NULL && child->text[0] != '\0' ? child->text : NULL;
}
