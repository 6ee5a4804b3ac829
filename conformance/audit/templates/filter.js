(function(){
var box=document.getElementById("filters"),count=document.getElementById("filter-count");
var rows=[].slice.call(document.querySelectorAll("details.row")),lines={};
[].forEach.call(document.querySelectorAll("tr[data-for]"),function(line){lines[line.dataset.for]=line});
var checks=[].slice.call(box.querySelectorAll("[name=verdict]")),selects=[].slice.call(box.querySelectorAll("select")),text=box.querySelector("[name=text]");
var words=rows.map(function(row){return row.textContent.toLowerCase()});
function apply(){
var kept=checks.filter(function(c){return c.checked}).map(function(c){return c.value}),wanted=text.value.trim().toLowerCase(),shown=0;
rows.forEach(function(row,n){
var ok=kept.indexOf(row.dataset.verdict)>=0&&(!wanted||words[n].indexOf(wanted)>=0)&&selects.every(function(s){return !s.value||row.dataset[s.name]===s.value});
row.hidden=!ok;if(lines[row.id])lines[row.id].hidden=!ok;shown+=ok;
});
count.textContent=count.dataset.text.replace("{shown}",shown).replace("{total}",rows.length);
}
function reach(){
var row=location.hash&&document.getElementById(decodeURIComponent(location.hash.slice(1)));
if(row&&row.tagName==="DETAILS"){row.hidden=false;row.open=true;row.scrollIntoView()}
}
text.addEventListener("input",apply);
checks.concat(selects).forEach(function(one){one.addEventListener("change",apply)});
addEventListener("hashchange",reach);
var closed=[];
addEventListener("beforeprint",function(){closed=[].filter.call(document.querySelectorAll("details:not([open])"),function(d){d.open=true;return true})});
addEventListener("afterprint",function(){closed.forEach(function(d){d.open=false})});
if(rows.length>1)box.hidden=false;
apply();reach();
})();
