/* SPDX-License-Identifier: Apache-2.0 */
/* xml.h: a small XML document as a tree of elements. Read with expat under limits: no DOCTYPE, so
 * no entities of anybody's making; UTF-8 only; depth, elements, text and size bounded. Of the
 * attributes only the root's namespace is kept: nothing we read uses others. */
#ifndef REGIONSHIFT_XML_H
#define REGIONSHIFT_XML_H

#include <stddef.h>

#include "pool.h"

enum {
    XML_BODY_MAX = 1024 * 1024,
    XML_DEPTH_MAX = 32,
    XML_ELEMENTS_MAX = 64 * 1024,
    XML_TEXT_MAX = 64 * 1024 /* of one element; the longest value of Route 53 has 4,000 */
};

struct xml_node {
    const char *name;
    const char *text; /* of an element without children, else "" */
    const struct xml_node *first;
    const struct xml_node *next;
};

struct xml {
    const struct xml_node *root;
    const char *space; /* of the root, its xmlns; "" none */
    struct pool *pool; /* owns all nodes and texts; what is derived from them may join them */
};

/* Returns 0, or -1 with a sentence in error, which never quotes the document. */
int xml_read(const char *body, size_t length, struct xml *ret_xml, char *error, size_t error_size);
void xml_clear(struct xml *xml);

/* The first child of that name, NULL when there is none; node may be NULL. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name);

/* The first child's text, NULL when there is no such child; node may be NULL. */
const char *xml_text(const struct xml_node *node, const char *name);

/* The text of the one child of that name; NULL when there is none, an empty one, or more than one
 * to choose from; node may be NULL. */
const char *xml_only_text(const struct xml_node *node, const char *name);

#endif
