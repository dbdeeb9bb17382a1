"""The wiring of a profile as a picture: an arrow goes from a client to its server. Solid: it Calls;
dashed: rings or memory they share. The trusted base is in a box of its own.
"""
import subprocess

_COLOURS = {'trusted': '#f4c7c3', 'driver': '#c9daf8', 'server': '#d9ead3'}


def _node(instance):
    program = instance.manifest.name
    label = instance.name if program == instance.name else f'{instance.name}\\n{program}'
    return (f'"{instance.name}" [label="{label}\\n{instance.budget.priority}", '
            f'fillcolor="{_COLOURS[instance.manifest.kind]}"];')


def dot(composition):
    """The text for Graphviz. Memory-manager's clients are everybody: those arrows are left out."""
    trusted = [each for each in composition.instances if each.trusted]
    rows = ['digraph system {',
            '  graph [rankdir=LR, fontname="sans-serif", labelloc=t, '
            f'label="profile {composition.profile}: client to server; solid: Call, dashed: '
            'shared memory and signals; number: priority"];',
            '  node [shape=box, style="filled,rounded", fontname="sans-serif", fontsize=11];',
            '  edge [fontname="sans-serif", fontsize=9];',
            '  subgraph cluster_trusted {', '    label="trusted base"; style=dashed;',
            *(f'    {_node(each)}' for each in trusted), '  }',
            *(f'  {_node(each)}' for each in composition.instances if not each.trusted)]
    for edge in composition.edges:
        name, protocol = edge.use.alias, edge.protocol.name
        label = name if name == protocol else f'{name}: {protocol}'
        style = 'solid' if edge.protocol.call else 'dashed'
        rows.append(f'  "{edge.client.name}" -> "{edge.server.name}" '
                    f'[label="{label}", style={style}];')
    return '\n'.join([*rows, '}', ''])


def svg(composition):
    """Bytes of the picture. Raises FileNotFoundError without Graphviz."""
    return subprocess.run(['dot', '-Tsvg'], input=dot(composition).encode(), check=True,
                          stdout=subprocess.PIPE).stdout
