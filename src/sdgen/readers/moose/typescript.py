"""TypeScript text → what it declares, by tree-sitter. Nothing is resolved; what isn't understood is Odd or Unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.readers.moose.syntax import Body, Call, Declaration, Enum, Literal, Module, Ref, Several, TypeNode
from sdgen.readers.moose.typescript_types import body_of, children, comment_text, line_of, name_of, text_of, type_of
from sdgen.readers.moose.typescript_values import literal_of, value_of

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_WRAPPERS = frozenset({"ambient_declaration", "internal_module", "module", "statement_block", "expression_statement"})
_CLASSES = frozenset({"OlapTable", "IngestPipeline", "MaterializedView"})
_TYPES = frozenset(
    {"interface_declaration", "type_alias_declaration", "class_declaration", "abstract_class_declaration"}
)
_INNER = ("as_expression", "satisfies_expression", "parenthesized_expression", "non_null_expression")


def parsed(text: str, path: Path, file: str) -> Module:
    """What a file declares."""
    # The two grammars differ: `<T>x` is a cast in one and an element in the other.
    parser = _parser("tsx" if path.suffix == ".tsx" else "typescript")
    root = parser.parse(text.encode()).root_node
    module = Module(path, file)
    # tree-sitter goes on behind a mistake: what it understands is kept, and the line is told.
    if root.has_error:
        module.faulty = _first_fault(root)
    for node in root.children:
        _statement(node, module, exported=False)
    for node in _everywhere(root):
        if node.type == "new_expression" and _class_of(node) in _CLASSES:
            module.calls.append(_call(node))
        elif node.type in _TYPES and name_of(node.child_by_field_name("name")) not in module.types:
            _statement(node, module, exported=False)  # inside a function
    return module


@cache
def _parser(language: str) -> Parser:
    import tree_sitter_typescript
    from tree_sitter import Language, Parser

    return Parser(Language(getattr(tree_sitter_typescript, f"language_{language}")()))


def _first_fault(root: Node) -> int:
    """The line of the first thing the parser did not understand."""
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is None or node.type == "ERROR" or node.is_missing:
            return line_of(node) if node is not None else 1
        # Only branches that hold an error are entered, since most of a file holds none.
        if (node.has_error and cursor.goto_first_child()) or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return 1


def _statement(node: Node, module: Module, exported: bool) -> None:
    match node.type:
        case "import_statement":
            _import(node, module)
        case "export_statement":
            _export(node, module)
        case kind if kind in _TYPES:
            _declare(_declaration(node, exported), module)
        case "enum_declaration":
            found = _enum(node)
            module.types[found.name] = found
        case "lexical_declaration" | "variable_declaration":
            for each in children(node, "variable_declarator"):
                _variable(each, module)
        case kind if kind in _WRAPPERS:
            for child in node.children:
                _statement(child, module, exported)


def _declare(found: Declaration, module: Module) -> None:
    """Interfaces of one name are one interface."""
    before = module.types.get(found.name)
    # TypeScript merges them, while two type aliases of one name are a mistake.
    if isinstance(before, Declaration) and before.kind == found.kind == "interface":
        found = replace(before, type=Several((before.type, found.type), union=False))
    module.types[found.name] = found


def _export(node: Node, module: Module) -> None:
    source = node.child_by_field_name("source")
    words = str(literal_of(source)) if source is not None else ""
    names = {
        name_of(each.child_by_field_name("alias") or each.child_by_field_name("name")): name_of(
            each.child_by_field_name("name")
        )
        for clause in children(node, "export_clause")
        for each in children(clause, "export_specifier")
    }
    if words:
        everything = not any(child.type in ("export_clause", "namespace_export") for child in node.children)
        module.reexports.append((words, None if everything else names))
        return
    for here, there in names.items():
        if here != there:
            _declare(Declaration(here, Ref(there), kind="type", exported=True), module)
    declaration = node.child_by_field_name("declaration")
    if declaration is not None:
        _statement(declaration, module, exported=True)
    if any(child.type == "default" for child in node.children):
        named = declaration.child_by_field_name("name") if declaration else node.child_by_field_name("value")
        module.default = text_of(named)


def _import(node: Node, module: Module) -> None:
    words = str(literal_of(node.child_by_field_name("source")))
    clause = next(children(node, "import_clause"), None)
    if clause is None:
        module.reexports.append((words, None))  # for its side effects: its tables are there as well
        return
    for child in clause.children:
        if child.type == "identifier":
            module.imports[text_of(child)] = (words, "default")
        elif child.type == "namespace_import":
            module.imports[text_of(child.children[-1])] = (words, "*")
        for each in children(child, "import_specifier"):
            name = each.child_by_field_name("name")
            module.imports[name_of(each.child_by_field_name("alias") or name)] = (words, name_of(name))


def _declaration(node: Node, exported: bool) -> Declaration:
    body, value = node.child_by_field_name("body"), node.child_by_field_name("value")
    own: TypeNode = type_of(value) if value is not None else body_of(body) if body is not None else Body()
    above = tuple(_heritage(node))
    params = [each for group in children(node, "type_parameters") for each in children(group, "type_parameter")]
    return Declaration(
        name=name_of(node.child_by_field_name("name")),
        # `extends` adds fields like an intersection, and the type's own come last.
        type=Several((*above, own), union=False) if above else own,
        params=tuple(name_of(each.child_by_field_name("name")) for each in params),
        defaults=tuple(_default(each) for each in params),
        kind="type" if node.type == "type_alias_declaration" else "interface",
        exported=exported,
        comment=comment_text(_before(node)),
        line=line_of(node),
    )


def _default(param: Node) -> TypeNode | None:
    value = param.child_by_field_name("value")
    return type_of(value.named_children[0]) if value is not None and value.named_children else None


def _heritage(node: Node) -> Iterator[TypeNode]:
    """What an interface or a class extends; what a class implements adds no fields."""
    for clause in children(node, "extends_type_clause"):
        yield from (type_of(child) for child in clause.named_children if child.type != "comment")
    for heritage in children(node, "class_heritage"):
        for clause in children(heritage, "extends_clause"):
            value, args = clause.child_by_field_name("value"), clause.child_by_field_name("type_arguments")
            if value is not None:
                given = tuple(type_of(child) for child in args.named_children) if args is not None else ()
                yield Ref(text_of(value).rpartition(".")[2], given)


def _before(node: Node) -> str:
    """The comment right before a declaration, which may be inside an export."""
    outer = node.parent if node.parent is not None and node.parent.type == "export_statement" else node
    before = outer.prev_sibling
    return text_of(before) if before is not None and before.type == "comment" else ""


def _enum(node: Node) -> Enum:
    body = node.child_by_field_name("body")
    members: list[tuple[str, Literal | None]] = []
    following: int | None = 0
    for child in body.named_children if body is not None else ():
        if child.type == "enum_assignment":
            value = value_of(child.child_by_field_name("value"))
            known = value if isinstance(value, str | int | float) else None
            members.append((name_of(child.child_by_field_name("name")), known))
            # As in TypeScript: a member without a value counts on from the one before it.
            following = known + 1 if isinstance(known, int) else None
        elif child.type in ("property_identifier", "string"):
            members.append((name_of(child), following))
            following = None if following is None else following + 1
    return Enum(name_of(node.child_by_field_name("name")), tuple(members), line_of(node))


def _variable(node: Node, module: Module) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or value is None or name.type != "identifier":
        return
    found = value_of(value)
    module.values[text_of(name)] = found
    for kind in (node.child_by_field_name("type"), *children(value, "generic_type")):
        written = type_of(kind) if kind is not None else None
        # The config of a data model is a constant beside it, which names the model in its type.
        if isinstance(written, Ref) and written.name == "DataModelConfig":
            model = next(iter(written.args), None)
            if isinstance(model, Ref):
                module.setups[model.name] = found


def _everywhere(root: Node) -> Iterator[Node]:
    """All nodes, in the order of the text."""
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None:
            yield node
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return


def _class_of(node: Node) -> str:
    made = node.child_by_field_name("constructor")
    return text_of(made).rpartition(".")[2] if made is not None else ""


def _call(node: Node) -> Call:
    types, args = node.child_by_field_name("type_arguments"), node.child_by_field_name("arguments")
    first = next((child for child in types.named_children if child.type != "comment"), None) if types else None
    values = [value_of(child) for child in args.named_children if child.type != "comment"] if args is not None else []
    return Call(
        _class_of(node), type_of(first) if first is not None else None, tuple(values), line_of(node), _assigned(node)
    )


def _assigned(node: Node) -> str:
    holder = node.parent
    while holder is not None and holder.type in _INNER:
        holder = holder.parent
    return name_of(holder.child_by_field_name("name")) if holder and holder.type == "variable_declarator" else ""
