/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.awt.Color;
import java.awt.Dimension;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.jfree.chart.ChartFactory;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.data.category.DefaultCategoryDataset;
import org.w3c.dom.Document;

/** The charts of a part, as SVG beside the page. */
final class Chart {

  private static final int WIDTH = 760;
  private static final int HEIGHT_OF_FRAME = 110;
  private static final int HEIGHT_OF_BAR = 22;
  private static final int LINES_OF_LABEL = 3;

  private Chart() {}

  /** Draws what there is to draw; returns the names of the files. */
  static List<String> draw(Path folder, Part part, Results results) throws IOException {
    List<String> drawn = new ArrayList<>();
    List<Sample> work =
        results.samples().stream().filter(one -> one.rows() > 0 && !one.cold()).toList();
    if (!work.isEmpty()) {
      DefaultCategoryDataset speeds = new DefaultCategoryDataset();
      BenchPage.byScenario(work)
          .forEach(
              (scenario, contenders) ->
                  contenders.forEach(
                      (contender, runs) ->
                          speeds.addValue(
                              BenchPage.middle(runs, Sample::rowsPerSecond), contender, scenario)));
      drawn.add(save(folder, part.label() + "-speed.svg", "rows per second, median", speeds));
    }
    if (!results.delays().isEmpty()) {
      DefaultCategoryDataset delays = new DefaultCategoryDataset();
      for (Delay delay : results.delays()) {
        delays.addValue(
            delay.p95() / 1000.0, delay.layer(), "%,d changes a second".formatted(delay.rate()));
      }
      drawn.add(
          save(folder, part.label() + "-delay.svg", "seconds until visible, 95 of 100", delays));
    }
    return drawn;
  }

  private static String save(Path folder, String name, String unit, DefaultCategoryDataset bars)
      throws IOException {
    JFreeChart chart =
        ChartFactory.createBarChart(
            null, null, unit, bars, PlotOrientation.HORIZONTAL, true, false, false);
    chart.setBackgroundPaint(Color.WHITE);
    CategoryPlot plot = chart.getCategoryPlot();
    plot.setBackgroundPaint(Color.WHITE);
    plot.setRangeGridlinePaint(Color.LIGHT_GRAY);
    plot.getDomainAxis().setMaximumCategoryLabelLines(LINES_OF_LABEL);
    BarRenderer renderer = (BarRenderer) plot.getRenderer();
    renderer.setBarPainter(new StandardBarPainter());
    renderer.setShadowVisible(false);
    int height = HEIGHT_OF_FRAME + HEIGHT_OF_BAR * (bars.getRowCount() + 1) * bars.getColumnCount();
    SVGGraphics2D svg = new SVGGraphics2D(emptySvg());
    svg.setSVGCanvasSize(new Dimension(WIDTH, height));
    chart.draw(svg, new Rectangle2D.Double(0, 0, WIDTH, height));
    Files.createDirectories(folder);
    try (Writer file = Files.newBufferedWriter(folder.resolve(name))) {
      svg.stream(file, true);
    }
    return name;
  }

  private static Document emptySvg() {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .getDOMImplementation()
          .createDocument("http://www.w3.org/2000/svg", "svg", null);
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException(e);
    }
  }
}
