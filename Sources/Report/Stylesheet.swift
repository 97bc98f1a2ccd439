/// How a page looks: light and dark, on a desk, on a phone and on paper.
enum Stylesheet {
  /// Colours on white; the first eight are told apart by people with the common colour blindnesses, by
  /// hue or by lightness.
  static let lightColours: HTML = """
    --c0:#2f62c4;--c1:#d9730d;--c2:#0f9080;--c3:#c2367a;--c4:#5f8f1f;--c5:#7a52c7;--c6:#b3402e;\
    --c7:#6b6558;--other:#b9bdc4;--ink:#1b1f27;--soft:#5d6672;--rule:#e3e6ea;--axis:#9aa2ad;\
    --paper:#fff;--card:#f6f7f9;--mark:#fff7df
    """
  /// Colours on a dark page.
  static let darkColours: HTML = """
    --c0:#82a8ff;--c1:#ffab57;--c2:#4cd2bf;--c3:#ff8abf;--c4:#a9d55f;--c5:#b99cff;--c6:#ff8d7c;\
    --c7:#bdb5a4;--other:#565d68;--ink:#e8ebf0;--soft:#9da6b3;--rule:#2b3039;--axis:#667080;\
    --paper:#14171c;--card:#1c2027;--mark:#332c17
    """
  /// Marks of pictures.
  static let picture: HTML = """
    text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    .tick{font-size:11.5px;fill:var(--soft)}.unit{font-size:11.5px;fill:var(--soft)}
    .label{font-size:13px;fill:var(--ink)}.point{font-size:9.5px;fill:var(--c)}
    .grid{stroke:var(--rule);fill:none}.axis{stroke:var(--axis);fill:none}
    .level{stroke:var(--ink);stroke-dasharray:2 4;fill:none}
    .c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}
    .c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}.other{--c:var(--other)}
    .line{fill:none;stroke:var(--c);stroke-width:1.9;stroke-linejoin:round;stroke-linecap:round}
    .dashed .line{stroke-dasharray:6 4;stroke-linecap:butt}.other .line{stroke-width:1.2}
    .raw{fill:none;stroke:var(--c);stroke-width:2.6;stroke-linecap:round;opacity:.22}
    .dots{fill:none;stroke:var(--c);stroke-width:5.5;stroke-linecap:round}
    .dot{fill:var(--c)}
    """
  /// The page's own rules.
  private static let page: HTML = """
    *{box-sizing:border-box}
    html{color-scheme:light dark;-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,\
    "Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    main{max-width:1180px;margin:0 auto;padding:40px 28px 56px}
    h1{font-size:30px;line-height:1.15;letter-spacing:-.015em;margin:0 0 4px;overflow-wrap:anywhere}
    h2{font-size:20px;letter-spacing:-.01em;margin:0 0 14px}
    header p{margin:0;color:var(--soft)}
    section{margin-top:44px}p{max-width:76ch;margin:0 0 12px}
    .note{color:var(--soft);font-size:13.5px;overflow-wrap:anywhere}.note b{color:var(--ink);font-weight:600}
    code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(158px,1fr));gap:12px;margin:26px 0 0}
    .tile{background:var(--card);border-radius:10px;padding:14px 16px}
    .tile b{display:block;font-size:24px;line-height:1.2;font-weight:600;letter-spacing:-.01em;\
    font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    .tile span{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
    .notes{background:var(--mark);border-radius:10px;padding:12px 18px;margin:20px 0 0;font-size:14px;\
    list-style-position:inside;overflow-wrap:anywhere}
    .scroll{overflow-x:auto;margin-bottom:14px}
    table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
    th,td{padding:7px 10px;border-bottom:1px solid var(--rule);text-align:left;vertical-align:baseline}
    thead th{color:var(--soft);font-weight:500;font-size:12.5px;border-bottom-color:var(--axis);\
    vertical-align:bottom}
    tbody th{font-weight:500;white-space:nowrap}.number{text-align:right;white-space:nowrap}
    thead .number{white-space:normal}.none{color:var(--soft)}td b{font-weight:650}
    tr.teacher{background:var(--card)}tbody tr:hover{background:var(--card)}
    #seeds tbody th{white-space:normal;min-width:12em}
    small{color:var(--soft);font-size:12px;font-weight:400}
    th:first-child,td:first-child{padding-left:6px}
    .chip{display:inline-block;margin:0 8px 0 0;color:var(--soft);white-space:nowrap}\
    .chip b{color:var(--ink);font-weight:500}
    .swatch{margin-right:8px;vertical-align:1px}
    .legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0 0 14px;padding:0;\
    font-size:13px;color:var(--soft)}
    .legend li{cursor:default;overflow-wrap:anywhere}.legend li:hover{color:var(--ink)}
    .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:26px 32px;\
    margin-bottom:14px}
    .small{grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr))}
    figure{margin:0;min-width:0}figcaption{font-size:13.5px;font-weight:600;margin-bottom:4px}
    figure>svg{display:block;width:100%;height:auto}.run{transition:opacity .12s}
    #spent figure{max-width:640px;margin:18px 0}
    .pass{fill:var(--c1);background:var(--c1)}.online{fill:var(--c6);background:var(--c6)}
    .students{fill:var(--c0);background:var(--c0)}
    .box{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:7px}
    summary{cursor:pointer;color:var(--soft);font-size:13.5px;margin-bottom:8px}
    footer{margin-top:48px;padding-top:14px;border-top:1px solid var(--rule);color:var(--soft);font-size:12.5px;\
    overflow-wrap:anywhere}
    """
  private static let paper: HTML = """
    @page{margin:14mm}
    @media print{
    body{font-size:10.5pt}main{max-width:none;padding:0}section{margin-top:22pt}
    .scroll{overflow:visible}table{font-size:7.6pt}thead th{font-size:7pt}th,td{padding:3pt 3.5pt}
    tbody th{white-space:normal}
    .figures{grid-template-columns:1fr 1fr;gap:12pt 16pt}.small{grid-template-columns:1fr 1fr 1fr}
    figure,.tile,tr{break-inside:avoid}h2,.legend{break-after:avoid}details{display:none}
    .tile{border:1px solid var(--rule);padding:8pt 9pt}.tile b{font-size:14pt}.tile span{font-size:7.6pt}
    .tiles{grid-template-columns:repeat(auto-fit,minmax(78pt,1fr));gap:6pt}
    }
    """

  /// All rules of a page.
  static let rules: HTML = """
    :root{\(lightColours)}
    @media (prefers-color-scheme:dark){@media screen{:root{\(darkColours)}}}
    \(page)
    \(picture)
    @media (max-width:640px){main{padding:24px 16px 40px}h1{font-size:25px}section{margin-top:34px}\
    tbody th{white-space:normal;min-width:9em}}
    \(paper)
    """
}
