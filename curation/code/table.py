"""Programming, markup, data and prose languages by file ending, file name and interpreter.

Names are those of GitHub Linguist, so that shards can be compared with The Stack's. A row of the table reads
`Name | endings | file names | interpreters` and goes on in indented lines. Where languages share an ending,
`languages.py` looks at the content.
"""

from __future__ import annotations

TABLE = r"""
ABAP | abap
ActionScript | as
Ada | adb ada ads
Agda | agda
ANTLR | g4
Apex | apex trigger cls
APL | apl dyalog
AppleScript | applescript scpt |  | osascript
AsciiDoc | adoc asciidoc
ASP.NET | aspx asax ascx ashx asmx axd
AspectJ | aj
Assembly | asm a51 nasm nas s
Astro | astro
Augeas | aug
AutoHotkey | ahk ahkl
AutoIt | au3
Awk | awk gawk mawk nawk |  | awk gawk mawk nawk
Ballerina | bal
Batchfile | bat cmd
BibTeX | bib bibtex
Bicep | bicep
Bison | bison
BitBake | bb bbappend bbclass
BlitzBasic | decls
Bluespec | bsv
Boogie | bpl
C | c cats h idc
C# | cs cake csx
C++ | cpp c++ cc cp cxx h++ hh hpp hxx inl ipp ixx tcc tpp txx cppm ino
Cairo | cairo
Cap'n Proto | capnp
Ceylon | ceylon
Chapel | chpl
Clarity | clar
Clojure | clj boot cl2 cljc cljs cljscm cljx | riemann.config
CMake | cmake cmake.in | CMakeLists.txt
COBOL | cob cbl ccp cobol cpy
CoffeeScript | coffee cjsx iced | Cakefile | coffee
ColdFusion | cfm cfml
ColdFusion CFC | cfc
Common Lisp | lisp asd lsp ny sexp cl |  | lisp sbcl ccl clisp ecl
Common Workflow Language | cwl
CQL | cql
Crystal | cr |  | crystal
CSON | cson
Csound | orc
CSS | css
CSV | csv
Cuda | cu cuh
CUE | cue
Cypher | cyp cypher
Cython | pyx pxd pxi
D | d di
Dafny | dfy
Dart | dart |  | dart
Dhall | dhall
Diff | diff patch
DM | dm
Dockerfile | dockerfile containerfile | Dockerfile Containerfile
Dotenv | env | .env .env.example .env.sample .env.test .env.production .env.development
Dune |  | dune-project
Dylan | dylan dyl
Earthly |  | Earthfile
eC | ec eh
EditorConfig |  | .editorconfig
edn | edn
Eiffel | e
EJS | ejs
Elixir | ex exs | mix.lock | elixir
Elm | elm
Elvish | elv
Emacs Lisp | el | .emacs .spacemacs Cask
EmberScript | em emberscript
Erlang | erl app.src escript hrl xrl yrl | rebar.config rebar.lock Emakefile | escript
F# | fs fsi fsx
F* | fst fsti
Factor | factor
Fennel | fnl
fish | fish |  | fish
Fluent | ftl
Forth | fth forth
Fortran | f f77 for fpp
Fortran Free Form | f90 f03 f08 f95
FreeMarker | ftlh
Futhark | fut
GAMS | gms
GAP | gap
GDScript | gd
GDShader | gdshader gdshaderinc
Genshi | kid
Gentoo Ebuild | ebuild
Gentoo Eclass | eclass
Gettext Catalog | po pot
Gherkin | feature
Git Config |  | .gitconfig .gitmodules
Gleam | gleam
GLSL | glsl fp frag fsh fshader geo geom glslf glslv gshader rchit rmiss tesc tese vert vrx vsh vshader fs
GN | gn gni | .gn
Gnuplot | gnuplot gnu gp plot |  | gnuplot
Go | go
Go Checksums |  | go.sum go.work.sum
Go Module |  | go.mod
Go Template | gotmpl gohtml
Go Workspace |  | go.work
Godot Resource | tscn tres gdnlib gdns
Gradle | gradle
GraphQL | graphql gql graphqls
Graphviz (DOT) | dot gv
Groovy | groovy grt gtpl gvy | Jenkinsfile | groovy
Hack | hack
Haml | haml
Handlebars | handlebars hbs
Hare | ha
Haskell | hs hs-boot hsc |  | runghc runhaskell runhugs
Haxe | hx hxsl
HCL | hcl nomad tf tfvars workflow
HiveQL | hql
HLSL | hlsl cginc fx fxh hlsli
HTML | html htm hta xht xhtml html.hl
HTML+EEX | html.eex heex leex
HTML+ERB | erb erb.deface rhtml
HTML+PHP | phtml
HTML+Razor | cshtml razor
HTTP | http
Hy | hy |  | hy
IDL | dlm
Idris | idr lidr
Ignore List |  | .gitignore .dockerignore .eslintignore .npmignore .prettierignore .helmignore .gcloudignore
IL Assembly | il
Inform 7 | ni i7x
INI | ini cfg dof lektorproject prefs url | .flake8 .pylintrc pylintrc .coveragerc
Ink | ink
Inno Setup | iss isl
Io | io
Isabelle | thy
J | ijs |  | jconsole
Janet | janet
Java | java jav jsh
Java Properties | properties
Java Server Pages | jsp tag
JavaScript | js cjs mjs es6 es jsm jsb jscad jsfl jslib jspre jss jsx njs pac sjs ssjs xsjs xsjslib | Jakefile | node
  nodejs deno bun chakra d8 gjs js qjs rhino v8 zx
Jinja | jinja jinja2 j2
Jison | jison
jq | jq |  | jq gojq jaq
JSON | json 4DForm 4DProject avsc geojson gltf JSON-tmLanguage mcmeta sarif tfstate topojson webmanifest yyp |
  .arcconfig .htmlhintrc .tern-config .tern-project .watchmanconfig composer.lock deno.lock flake.lock mcmod.info
  Pipfile.lock package-lock.json npm-shrinkwrap.json
JSON with Comments | jsonc code-snippets code-workspace sublime-settings sublime-project | .babelrc .jscsrc
  .devcontainer.json .eslintrc.json tsconfig.json jsconfig.json language-configuration.json tslint.json .swcrc
  api-extractor.json
JSON5 | json5
JSONLD | jsonld
Jsonnet | jsonnet libsonnet
Julia | jl |  | julia
Jupyter Notebook | ipynb
Just | just | justfile Justfile
Kaitai Struct | ksy
KiCad Layout | kicad_pcb kicad_mod kicad_wks
KiCad Schematic | kicad_sch kicad_sym
Koka | kk
Kotlin | kt ktm kts
LabVIEW | lvproj lvlib
Lean | lean
Less | less
Lex | l lex
LFE | lfe
LilyPond | ly ily
Linker Script | ld lds
Liquid | liquid
Literate Agda | lagda
Literate CoffeeScript | litcoffee coffee.md
Literate Haskell | lhs
LiveScript | ls | Slakefile
LLVM | ll
Logos | xm
LSL | lsl lslp
Lua | lua nse p8 pd_lua rbxs rockspec wlua | .luacheckrc | lua luajit
Luau | luau
M4 | m4
Makefile | mak make makefile mk mkfile | Makefile makefile GNUmakefile BSDmakefile Kbuild Makefile.am Makefile.in
  Makefile.inc Makefile.frag makefile.sco mkfile | make
Mako | mako mao
Markdown | md markdown livemd mdown mdwn mkd mkdn mkdown ronn workbook | contents.lr README.md
MATLAB | matlab m
Max | maxpat maxhelp
MAXScript | ms mcr
mcfunction | mcfunction
MDX | mdx
Mercury | moo
Meson |  | meson.build meson_options.txt
Metal | metal
MiniZinc | mzn
MLIR | mlir
Modelica | mo
Mojo | mojo
Monkey C | mc
MoonBit | mbt
MoonScript | moon |  | moon
Move | move
Mustache | mustache
NASL | nasl
nesC | nc
NetLogo | nlogo
Nextflow | nf | nextflow.config | nextflow
Nginx | nginx nginxconf vhost | nginx.conf
Nickel | ncl
Nim | nim nim.cfg nimble nimrod nims
Ninja | ninja
Nix | nix
NL | nl
Noir | nr
NSIS | nsi nsh
Nushell | nu |  | nu
Oberon | ob2
Objective-C | m
Objective-C++ | mm
Objective-J | j sj
OCaml | ml eliom eliomi ml4 mli mll mly |  | ocaml ocamlrun ocamlscript
Odin | odin
Opa | opa
Open Policy Agent | rego
OpenCL | opencl cl
OpenQASM | qasm
OpenSCAD | scad
Org | org
P4 | p4
Pascal | pas dfm dpr lpr pascal |  | instantfpc
Pawn | pwn sma
PDDL | pddl
PEG.js | pegjs peggy
Perl | pl al perl ph plx pm psgi t | cpanfile Rexfile ack Makefile.PL | perl cperl
PHP | php aw ctp fcgi php3 php4 php5 phps phpt | .php .php_cs .php_cs.dist Phakefile | php
PigLatin | pig
Pike | pike pmod |  | pike
Pkl | pkl
PLpgSQL | pgsql
PLSQL | plsql bdy ddl fnc pck pkb pks plb pls prc spc tpb tps trg vw
Pony | pony
PostCSS | pcss postcss
PostScript | ps eps epsi pfa
POV-Ray SDL | pov
PowerShell | ps1 psd1 psm1 |  | pwsh
Prisma | prisma
Processing | pde
Prolog | prolog yap plt pl |  | swipl yap
Promela | pml
Protocol Buffer | proto
Public Key | pub
Pug | pug jade
Puppet | pp | Modulefile
PureBasic | pb pbi
PureScript | purs
Pyret | arr
Python | py gyp gypi lmi py3 pyde pyi pyp pyt pyw wsgi xpy | SConscript SConstruct wscript .gclient DEPS | python
  python2 python3 pypy pypy3 py uv
q | q
Q# | qs
QMake | pri
QML | qml qbs
R | r rd rsx | .Rprofile expr-dist | Rscript
Racket | rkt rktd rktl scrbl |  | racket
Ragel | rl
Raku | raku rakumod 6pl 6pm nqp p6 p6l p6m pl6 pm6 |  | perl6 raku rakudo
RAML | raml
RDoc | rdoc
Reason | re rei
Rebol | reb rebol r
Red | red reds
Ren'Py | rpy
ReScript | res resi
reStructuredText | rst rest rest.txt rst.txt
REXX | rexx pprx rex |  | regina rexx
Ring | ring
RMarkdown | rmd qmd
RobotFramework | robot resource
Robots Exclusion Rules |  | robots.txt
Roc | roc
Rocq Prover | coq v
Roff | man 1 2 3 4 5 6 7 8 9 mdoc roff tmac me
RPM Spec | spec
Ruby | rb builder eye gemspec god jbuilder mspec pluginspec podspec prawn rabl rake rbi rbuild rbw rbx ru ruby thor
  watchr | .irbrc .pryrc .simplecov Appraisals Berksfile Brewfile Buildfile Capfile Dangerfile Deliverfile Fastfile
  Gemfile Guardfile Jarfile Mavenfile Podfile Rakefile Snapfile Steepfile Thorfile Vagrantfile Puppetfile | ruby
  macruby rake jruby rbx
Rust | rs rs.in |  | rust-script
Sage | sage sagews
SAS | sas
Sass | sass
Scala | scala kojo sbt sc |  | scala
Scheme | scm sch sld sls sps ss |  | scheme guile bigloo chicken csi gosh r6rs
Scilab | sci sce tst
SCSS | scss
sed | sed |  | sed gsed minised ssed
ShaderLab | shader
Shell | sh bash bats command ksh sh.in tmux zsh zsh-theme | .bash_aliases .bash_history .bash_logout .bash_profile
  .bashrc .profile .zshrc .zshenv .zprofile .envrc PKGBUILD gradlew mvnw bashrc zshrc | sh bash ash dash ksh mksh
  pdksh rc zsh bats
ShellSession | sh-session
Slang | slang
Slim | slim
Slint | slint
Smali | smali
Smalltalk | st
Smarty | tpl
Smithy | smithy
SMT | smt2 smt
Snakemake | smk | Snakefile | snakemake
Solidity | sol
SourcePawn | sp
SPARQL | sparql rq
SQF | sqf hqf
SQL | sql mysql tab udf viw
Squirrel | nut
SRecode Template | srt
Stan | stan
Standard ML | fun sig sml
Starlark | star bzl | BUILD BUILD.bazel WORKSPACE WORKSPACE.bazel MODULE.bazel BUCK Tiltfile
Stata | do ado doh ihlp mata matah sthlp
STON | ston
Stylus | styl
SugarSS | sss
SuperCollider | scd sc |  | sclang scsynth
SurrealQL | surql
Svelte | svelte
SVG | svg
Sway | sw
Swift | swift |  | swift
SWIG | swg swig i
SystemVerilog | sv svh vh
Tact | tact
Tcl | tcl adp tm | owh starfield | tclsh wish
Tcsh | tcsh csh |  | tcsh csh
Teal | tl
TeX | tex aux bbx cbx dtx ins lbx ltx mkii mkiv mkvi sty toc cls
Texinfo | texinfo texi txi
Text | txt | COPYING INSTALL LICENSE NEWS README AUTHORS CHANGES CONTRIBUTORS COPYRIGHT NOTICE TODO VERSION THANKS
  LICENCE
Textile | textile
Thrift | thrift
TLA | tla
TOML | toml | Cargo.lock poetry.lock uv.lock Pipfile Gopkg.lock pdm.lock
TSV | tsv
TSX | tsx
Turing | tu
Turtle | ttl
Twig | twig
TypeScript | ts cts mts |  | ts-node tsx
TypeSpec | tsp
Typst | typ
UnrealScript | uc
UrWeb | ur urs
V | v
Vala | vala vapi
VBA | vba cls
VBScript | vbs
VCL | vcl
Velocity Template Language | vtl
Verilog | v veo
VHDL | vhdl vhd vhf vhi vho vhs vht vhw
Vim script | vim vimrc vmb | .vimrc .gvimrc _vimrc vimrc .nvimrc
Visual Basic .NET | vb vbhtml
Visual Basic 6.0 | frm ctl bas cls
Vue | vue
Vyper | vy
WDL | wdl
WebAssembly | wat wast
WebIDL | webidl
WebVTT | vtt
WGSL | wgsl
Whiley | whiley
Wikitext | wikitext mediawiki wiki
wisp | wisp
Wolfram Language | mathematica wl wlt nbp
Wren | wren
X10 | x10
XML | xml adml admx ant axaml axml builds ccproj ccxml clixml cproject cscfg csdef csl csproj ct depproj dita ditamap
  ditaval dll.config dotsettings fsproj fxml glade gml gmx grxml gst iml ivy jelly jsproj kml launch mdpolicy mjml
  mxml natvis ndproj nproj nuspec osm pkgproj props ps1xml psc1 rdf resx rss sfproj shproj slnx srdf storyboard
  targets tml urdf ux vbproj vcxproj vsixmanifest vssettings vstemplate vxml wixproj wsdl wsf wxi wxl wxs x3d xacro
  xaml xib xlf xliff xmi xml.dist xmp xproj xsd xspec xul zcml ui | .classpath .cproject .project App.config
  NuGet.config Settings.StyleCop Web.config packages.config
XML Property List | plist stTheme tmCommand tmLanguage tmPreferences tmSnippet tmTheme
Xonsh | xsh
XProc | xpl xproc
XQuery | xquery xq xql xqm xqy
XS | xs
XSLT | xslt xsl
Xtend | xtend
Yacc | y yacc yy
YAML | yml yaml mir reek rviz sublime-syntax syntax yaml-tmlanguage | .clang-format .clang-tidy .gemrc CITATION.cff
  glide.lock yarn.lock .prettierrc pubspec.lock .clangd
YANG | yang
YARA | yar yara
Yul | yul
ZAP | zap xzap
Zeek | zeek bro
ZenScript | zs
Zig | zig zig.zon
"""
