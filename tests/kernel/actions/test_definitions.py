"""What is a definition in each language: a source with every kind, and the names that are expected of it."""

from importlib import import_module

import pytest

from rlmlite.guard.code.definitions import MORE
from rlmlite.guard.code.grammars import GRAMMARS, TAGS_ONLY, find_definitions
from rlmlite_kernel.records.evolution import ALL_DEFINITIONS, FLAGS
from tests.kernel.machine import Machine

SOURCES = {
    "java": """module m {}
@interface Mark { int value(); }
public record Order(int id) { Order { } int twice() { return 2 * id; } }
enum Color { RED, GREEN; Color() {} int f() { return 1; } }
interface Shape { int SIDES = 1; double area(); }
class Box<T> {
private int n = 1, k; Box(int n) {} static class Inner {} <U> void gen() {} }
""",
    "typescript": """enum Color { Red, Green = 2 }
type Id = string | number;
interface Car { wheels: number; go(): void }
namespace A.B { export function inner() {} }
abstract class Bus { #secret = 1; seats = 4; constructor() {} abstract stop(): void;
 go = () => 1;
static async run() {} get x() { return 1 } #p() {} }
export const add = (a: number) => a;
const K = 5;
declare module "x" {}
declare function decl(): void;
function* gen() {}
export default class Def {}
""",
    "javascript": """class Bus { #s = 1; seats = 4; constructor() {} go = () => 1;
static run() {} #p() {} async *it() {} }
const add = a => a; let Cls = class {}; const K = 5; export const E = 6;
function* gen() {} async function later() {}
exports.f = function() {}; const o = { m() {}, n: () => 1 };
""",
    "python": """X: int = 1
type Alias = int
@deco
async def later():
    def inner(): pass
class A:
    y = 1
    @property
    def p(self): pass
    class B: pass
""",
    "go": """package a
const Pi = 3
const ( A = iota; B )
var V = 1
var ( W int; Z = 2 )
type T struct { F int; G string }
type I interface { M(); N() int }
type Al = T
type Gen[K any] struct{}
func (t *T) Meth() {}
func Fn[K any](k K) {}
""",
    "rust": """pub struct S { f: i32 }
enum E { A, B(i32) }
union U { x: i32 }
trait T { fn req(&self); fn prov(&self) {} type Out; const C: i32; }
impl T for S { fn req(&self) {} type Out = i32; }
impl<X> Gen<X> { fn g() {} }
const K: i32 = 1; static ST: i32 = 2; type Al = i32; mod m { fn inner() {} }
macro_rules! mac { () => {} }
async fn later() {}
""",
    "c": """#define N 3
#define F(x) x
struct P { int x; char *s; };
typedef struct { int a; } Q, *QP;
typedef int (*Cb)(int);
typedef unsigned long ul;
union U { int a; };
enum E { A, B };
static int *fn(int a) { return 0; }
int proto(void);
int **fn2(void) { return 0; }
""",
    "cpp": """namespace ns { class A { public:
 A(); ~A(); int go() { return 1; } int f; bool operator==(const A&) const; }; }
namespace x::y {}
template <class T> struct Tpl { T v; };
template <class T> T tfn(T a) { return a; }
using Al = int;
enum class Ec { One, Two };
int ns::A::out() { return 1; }
#define M 1
typedef int I;
template <class T> concept Con = true;
union U { int a; };
auto lam = [](int a) { return a; };
""",
    "php": """<?php namespace App\\M; interface I {} trait T {}
enum Suit: string { case Hearts = "h"; const W = 1; }
final class C { const K = 1; public int $p = 1; public function __construct() {} static function s() {} }
function f() {} const TOP = 1; abstract class D {}
""",
    "ruby": """module M
  K = 1
  class A < B
    attr_accessor :x
    def go; end
    def self.make; end
    alias run go
  end
end
class M::C; end
""",
}

NAMES = {
    "java": "m Mark value Order Order twice Color RED GREEN Color f Shape SIDES area Box n k Box Inner gen",
    "typescript": 'Color Red Green Id Car wheels go A.B inner Bus #secret seats constructor stop go run x #p add K "x" '
    "decl gen Def",
    "javascript": "Bus #s seats constructor go run #p it add Cls K E gen later f o m n",
    "python": "X Alias later inner A y p B",
    "go": "Pi A B V W Z T F G I M N Al Gen Meth Fn",
    "rust": "S f E A B U x T req prov Out C S req Out Gen g K ST Al m inner mac later",
    "c": "N F P x s Q QP a Cb ul U a E A B fn proto fn2",
    "cpp": "ns A A ~A go f operator== x::y Tpl v tfn Al Ec One Two A::out M I Con U a",
    "php": "App\\M I T Suit Hearts W C K p __construct s f TOP D",
    "ruby": "M K A go make run C",
}


def names(source: str, language: str) -> list[str]:
    """The names of all definitions, in order."""
    found, text = find_definitions(source.encode(), language), source.encode()
    return [text[start:stop].decode() for start, stop in zip(found.name_starts, found.name_stops, strict=True)]


@pytest.mark.parametrize("language", NAMES)
def test_every_kind_of_definition_is_found(language: str) -> None:
    """Records, enums, constructors, aliases, constants, members and whatever else defines a name, each once."""
    assert names(SOURCES[language], language) == NAMES[language].split()


def test_tsx_is_typescript_with_elements() -> None:
    """It finds what TypeScript does."""
    assert names(SOURCES["typescript"], "tsx") == NAMES["typescript"].split()


@pytest.mark.parametrize("language", GRAMMARS)
def test_nothing_that_tags_name_is_lost(language: str) -> None:
    """Every name that a grammar's own tags find is found, and of each place one definition, the widest."""
    source = SOURCES["typescript" if language == "tsx" else language]
    by_tags, all_names = names(source, language + TAGS_ONLY), names(source, language)

    assert not set(by_tags) - set(all_names)
    assert len(all_names) > len(set(by_tags))
    import_module(f"tree_sitter_{GRAMMARS[language].package}")
    assert MORE[language]


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("a.go", "package a\nconst A, B = 1, 2\nvar C, D int\ntype T struct { E, F int }\n", "A B C D T E F"),
        ("a.c", "typedef struct { int x, y; } Q, *QP;\ntypedef int I, J;\n", "Q QP x y I J"),
        ("A.java", "class A { int a, b; static final int C = 1, D = 2; }", "A a b C D"),
        ("a.ts", "const f = () => 1, g = () => 2;\n", "f g"),
        ("a.js", "let f = () => 1, g = function () {};\n", "f g"),
        ("a.cpp", "struct S { int x, y; };\ntypedef struct { int z; } Q, *QP;\n", "S x y Q QP z"),
        ("a.php", "<?php class A { public $a, $b; const C = 1, D = 2; }", "A a b C D"),
    ],
)
def test_every_name_of_one_statement_is_found(path: str, source: str, expected: str) -> None:
    """A statement that defines several names gives each of them, and none is within another."""
    rows = Machine({"docs": {path: source}}).of("symbols(docs)")

    assert [row["name"] for row in rows] == expected.split()
    outermost = {"A", "T", "S", "Q", "QP"}
    assert {row["within"] for row in rows} <= {None, *outermost}
    assert all(row["within"] is None for row in rows if row["name"] in ("QP", "f", "g", "B") and path != "A.java")


def test_a_java_record_and_its_method_are_found() -> None:
    """In rows, with what they are within; a run of before reads tags only."""
    source = "public record Order(int id) { int twice() { return 2 * id; } }"
    rows = Machine({"docs": {"Order.java": source}}).of("symbols(docs)")
    tags = Machine({"docs": {"Order.java": source}}, flags=set(FLAGS) - {ALL_DEFINITIONS}).of("symbols(docs)")

    assert [(row["kind"], row["name"], row["within"]) for row in rows] == [
        ("class", "Order", None),
        ("method", "twice", "Order"),
    ]
    assert [row["name"] for row in tags] == ["twice"]
    assert rows[0]["text"] == source
